//! The command line's grammar.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};
use sealed_session::{Clock, KeyRing, RootId, SealedStore, SystemClock};

use crate::failure::Failure;
use crate::time;

#[derive(Parser)]
#[command(
    name = "sealed-session",
    version,
    about = "Web sessions that need no infrastructure: the cookie is the sealed session",
    after_help = "Examples:
  sealed-session tour
  sealed-session ring init ring.json
  sealed-session seal --ring ring.json --name __Host-session --user user-42 --data '{\"cart\":[]}'
  sealed-session open --ring ring.json --name __Host-session < tokens.txt

Exit codes: 0 done, 2 usage, 3 Invalid, 4 NotFound, 1 anything else."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Print one new root secret
    #[command(after_help = "Example:
  (umask 077; sealed-session keygen > root-secret)")]
    Keygen,
    /// Make, list and rotate key rings
    #[command(after_help = "Examples:
  sealed-session ring init ring.json
  sealed-session ring rotate ring.json
  sealed-session ring list ring.json")]
    Ring {
        #[command(subcommand)]
        command: RingCommand,
    },
    /// Seal sessions into tokens: one from --data, or one a line of JSON from standard input
    #[command(after_help = "Examples:
  sealed-session seal --ring ring.json --name s --user user-42 --ttl 1h --data '{\"cart\":[]}'
  sealed-session seal --ring ring.json --name s < sessions.jsonl > tokens.txt

A line of input is an object such as {\"user_id\":\"user-42\",\"data\":{\"cart\":[]},\"ttl_ms\":3600000};
every field may be left out.")]
    Seal(SealArguments),
    /// Open tokens: TOKEN, or one a line from standard input; prints JSON
    #[command(
        disable_help_flag = true,
        after_help = "Examples:
  sealed-session open --ring ring.json --name s AU4vXW5N8UXk...
  sealed-session open --ring ring.json --name s < tokens.txt

Ends with 3 if a token was Invalid, else with 4 if a session was NotFound (expired).
A line ends with LF or CRLF, and a byte order mark before the first is skipped. Nothing
else around a token is ignored; --explain says what it was."
    )]
    Open(OpenArguments),
    /// Show what is visible in a token without any key; prints JSON
    #[command(
        disable_help_flag = true,
        after_help = "Example:
  sealed-session inspect AU4vXW5N8UXk..."
    )]
    Inspect {
        /// The token; without it, one a line is read from standard input
        #[arg(allow_hyphen_values = true)]
        token: Option<OsString>,
        /// Print help
        #[arg(long, action = ArgAction::Help)]
        help: Option<bool>,
    },
    /// The whole story, explained, in a temporary folder
    #[command(after_help = "Example:
  sealed-session tour")]
    Tour,
    /// Measure what sessions cost on this machine
    #[command(after_help = "Examples:
  sealed-session bench
  sealed-session bench --seconds 60 --json")]
    Bench {
        /// How long to measure, in seconds
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum RingCommand {
    /// Make a new ring file (mode 0600) with one sealing secret; never overwrites
    #[command(after_help = "Examples:
  sealed-session ring init ring.json
  sealed-session ring init ring.json --every 7d --max-ttl 14d")]
    Init {
        /// The ring file to make
        file: PathBuf,
        /// Derive a new key every so often, on all servers alike (90m, 12h, 7d); default: a fixed key
        #[arg(long, value_name = "DURATION", value_parser = time::whole_seconds)]
        every: Option<Duration>,
        /// The longest life of any token under this ring
        #[arg(long, value_name = "DURATION", value_parser = time::seconds, default_value = "30d")]
        max_ttl: Duration,
    },
    /// Add a root secret from a file, staged at first so that every server has it before one uses it
    #[command(after_help = "Example:
  (umask 077; sealed-session keygen > root-secret)
  sealed-session ring add ring.json root-secret && rm root-secret")]
    Add {
        /// The ring file
        file: PathBuf,
        /// A file with one root secret (ssr1_...), readable by its owner only
        secret_file: PathBuf,
        #[command(flatten)]
        start: StartArguments,
    },
    /// Show root ids, states and times; never a secret
    #[command(after_help = "Examples:
  sealed-session ring list ring.json
  sealed-session ring list ring.json --name __Host-session --json")]
    List {
        /// The ring file, or a folder with a ring.json
        file: PathBuf,
        /// Show the key ids of this cookie too
        #[arg(long)]
        name: Option<String>,
        /// The application id that the keys are bound to
        #[arg(long, requires = "name", default_value = "", hide_default_value = true)]
        app: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add a new root secret, staged at first
    #[command(after_help = "Example:
  sealed-session ring rotate ring.json --activate-in 10m")]
    Rotate {
        /// The ring file
        file: PathBuf,
        #[command(flatten)]
        start: StartArguments,
    },
    /// Withdraw a root secret: none of its tokens opens any more
    #[command(after_help = "Example:
  sealed-session ring revoke ring.json 97dd7b545d5769dc         # asks
  sealed-session ring revoke ring.json 97dd7b545d5769dc --yes")]
    Revoke {
        /// The ring file
        file: PathBuf,
        /// The root's id, as `ring list` shows it
        root_id: RootId,
        /// Revoke even the only secret that seals; no session can be made or changed until another does
        #[arg(long)]
        force: bool,
        /// Do not ask; needed where there is no terminal to ask on
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        wait: WaitArguments,
    },
    /// Remove the root secrets that no valid token can need
    #[command(after_help = "Example:
  sealed-session ring prune ring.json")]
    Prune {
        /// The ring file
        file: PathBuf,
        #[command(flatten)]
        wait: WaitArguments,
    },
}

#[derive(Args)]
pub(crate) struct WaitArguments {
    /// How long to wait for another command that is changing the ring
    #[arg(long, value_name = "DURATION", value_parser = time::milliseconds, default_value = "30s")]
    pub(crate) wait: Duration,
}

#[derive(Args)]
pub(crate) struct StartArguments {
    /// When it starts sealing
    #[arg(long, value_name = "DURATION", value_parser = time::milliseconds, default_value = "10m")]
    pub(crate) activate_in: Duration,
    /// Derive a new key every so often; default: as the secret that seals now. 0s for a fixed key
    #[arg(long, value_name = "DURATION", value_parser = time::whole_seconds)]
    pub(crate) every: Option<Duration>,
    #[command(flatten)]
    pub(crate) wait: WaitArguments,
}

#[derive(Args)]
pub(crate) struct SealArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// Who is logged in; without it the session is anonymous
    #[arg(long, value_name = "ID", requires = "data", allow_hyphen_values = true)]
    pub(crate) user: Option<String>,
    /// How long the session lives (90s, 1h, 30d); without it, or with 0, 24h
    #[arg(long, value_name = "DURATION", value_parser = time::milliseconds)]
    pub(crate) ttl: Option<Duration>,
    /// Pad each record with zero bytes to a multiple of so many, to hide its length
    #[arg(long, value_name = "BYTES", default_value_t = 0, hide_default_value = true)]
    pub(crate) padding: usize,
    /// The session's data: a JSON object, used byte for byte
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
}

#[derive(Args)]
pub(crate) struct OpenArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// Say on standard error which check refused a token; for operators, never for clients
    #[arg(long)]
    pub(crate) explain: bool,
    /// The token; without it, one a line is read from standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) token: Option<OsString>,
    /// Print help
    #[arg(long, action = ArgAction::Help)]
    pub(crate) help: Option<bool>,
}

#[derive(Args)]
pub(crate) struct StoreArguments {
    /// The ring file, or a folder with a ring.json
    #[arg(long, value_name = "FILE", required_unless_present = "secret_env", conflicts_with = "secret_env")]
    ring: Option<PathBuf>,
    /// Instead of a ring: the environment variable that holds the one root secret
    #[arg(long, value_name = "VARIABLE")]
    secret_env: Option<String>,
    /// The cookie's name, which tokens are bound to
    #[arg(long)]
    name: String,
    /// The application id, which tokens are bound to as well
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
    app: String,
    /// Associated data (text) that the token is bound to without containing it, such as a tenant
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    ad: String,
    /// The time to go by, in milliseconds since 1970; default: the system's clock
    #[arg(long, value_name = "MS")]
    now: Option<u64>,
}

impl StoreArguments {
    /// The ring that is meant.
    pub(crate) fn load_ring(&self) -> Result<KeyRing, Failure> {
        match (&self.ring, &self.secret_env) {
            (Some(file), _) => Ok(KeyRing::load(file)?),
            (None, Some(variable)) => Ok(KeyRing::from_env(variable)?),
            (None, None) => Err(Failure::Usage("--ring FILE or --secret-env VARIABLE is needed".into())),
        }
    }

    /// A store over it whose maximum TTL and maximum lifetime are the ring's longest life of a token.
    pub(crate) fn store(&self, ring: KeyRing, padding: usize) -> Result<SealedStore, Failure> {
        let longest = Duration::from_secs(ring.max_ttl_s());
        let builder = SealedStore::builder(ring)
            .cookie_name(&self.name)
            .app_id(&self.app)
            .default_ttl(longest.min(time::DEFAULT_TTL))
            .max_ttl(longest)
            .max_lifetime(longest)
            .padding(padding);
        let store = match self.now {
            Some(ms) => builder.clock(At(ms)).build(),
            None => builder.clock(SystemClock).build(),
        };
        store.map_err(|e| Failure::Usage(e.to_string()))
    }

    pub(crate) fn associated_data(&self) -> &[u8] {
        self.ad.as_bytes()
    }
}

/// A clock that stands where `--now` says.
struct At(u64);

impl Clock for At {
    fn now_ms(&self) -> u64 {
        self.0
    }
}
