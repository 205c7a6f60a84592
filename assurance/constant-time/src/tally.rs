//! What was done, and how many reports memcheck must therefore have held back: `decisions.supp` names the
//! places where a secret decides by intention, and the tally says how often each was reached. A report more
//! at such a place would be a leak beside the decision.

use sealed_session::hazmat::Provider;

/// Counts of a whole run.
#[derive(Default)]
pub struct Tally {
    derivations: usize,
    seals: usize,
    tables: usize,
    rust_crypto: usize,
    aws_lc: usize,
    tokens_opened: usize,
    tokens_sealed: usize,
    csrf_checked: usize,
    csrf_branched: usize,
    csrf_made: usize,
    same_secret: usize,
}

impl Tally {
    /// Keys were derived from a secret root.
    pub fn derived(&mut self) {
        self.derivations += 1;
    }

    /// An AEAD sealed.
    pub fn sealed(&mut self) {
        self.seals += 1;
    }

    /// An AEAD accepted or refused.
    pub fn opened(&mut self, provider: Provider) {
        match provider {
            Provider::RustCrypto => self.rust_crypto += 1,
            _ => self.aws_lc += 1,
        }
    }

    /// A store accepted or refused a token.
    pub fn token_opened(&mut self) {
        self.tokens_opened += 1;
    }

    /// A token was written.
    pub fn token_sealed(&mut self) {
        self.seals += 1;
        self.tokens_sealed += 1;
    }

    /// A CSRF token was written.
    pub fn csrf_made(&mut self) {
        self.csrf_made += 1;
    }

    /// A CSRF token was accepted or refused; an answer that is secret was computed without a branch.
    pub fn csrf_checked(&mut self, answer_is_secret: bool) {
        self.csrf_checked += 1;
        self.csrf_branched += usize::from(!answer_is_secret);
    }

    /// Two roots of a ring were compared.
    pub fn secrets_compared(&mut self) {
        self.same_secret += 1;
    }

    /// A store built its table of keys.
    pub fn table_built(&mut self) {
        self.tables += 1;
    }

    /// Prints the work done, then a line of expectation for every suppression. Where the optimizer may test
    /// one decision twice, both counts are right.
    pub fn print(&self) {
        println!(
            "checked: {} derivations, {} seals ({} of tokens), {} openings, {} CSRF tokens made, {} CSRF checks, \
             {} tables of keys",
            self.derivations,
            self.seals,
            self.tokens_sealed,
            self.rust_crypto + self.aws_lc + self.tokens_opened,
            self.csrf_made,
            self.csrf_checked,
            self.tables
        );
        println!("expect aead-decision-rustcrypto one-of {}", self.rust_crypto);
        println!("expect aead-decision-aws-lc one-of {}", self.aws_lc);
        println!("expect token-decision one-of {} {}", self.tokens_opened, 2 * self.tokens_opened);
        println!("expect csrf-decision one-of {} {}", self.csrf_branched, 2 * self.csrf_branched);
        println!("expect same-secret-decision one-of {} {}", self.same_secret, 2 * self.same_secret);
        // By table or by AVX2: which of the two reports there is depends on the processor and on the length.
        for text in ["token-text", "token-text-check", "csrf-text", "csrf-text-check"] {
            println!("expect {text} at-least 0");
        }
        println!("expect key-id-index at-least {}", self.tables);
        println!("expect key-id-comparison at-least {}", self.tables);
    }
}
