//! `tour`: the whole story in a temporary folder, with real files, keys and tokens. Only the clock is moved
//! by hand. Every step checks what it tells; a step that went otherwise would end the tour with an error.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use sealed_session::{
    Clock, CreateOptions, KeyRing, KeyState, Root, RootSecret, SealError, SealedStore, SessionError,
    SessionId, SessionPlugin as _, SystemClock, TokenInfo,
};

use crate::failure::Failure;
use crate::time;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

const HOUR_MS: u64 = 60 * 60 * 1000;
const COOKIE: &str = "__Host-session";
const CART: &str = r#"{"cart":[{"sku":"A1","n":2}]}"#;

pub(crate) fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let ring_file = folder.path().join("ring.json");
    let mut tour = Tour::start(&ring_file)?;
    let created = tour.create()?;
    tour.look_inside(&created)?;
    let updated = tour.update(&created)?;
    let touched = tour.touch(&updated)?;
    let resealed = tour.rotate(&touched)?;
    tour.tamper(&resealed)?;
    tour.rename(&resealed)?;
    tour.overflow(&resealed)?;
    tour.expire(&resealed)?;
    tour.end()
}

struct Tour<'a> {
    ring_file: &'a Path,
    store: SealedStore,
    clock: Hands,
    step: u32,
}

/// A clock whose hands are moved.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl<'a> Tour<'a> {
    fn start(ring_file: &'a Path) -> Result<Self, Failure> {
        let root = Root::new(RootSecret::generate()?);
        let id = root.id();
        KeyRing::new(vec![root])?.save_new(ring_file)?;
        let clock = Hands(Arc::new(AtomicU64::new(SystemClock.now_ms())));
        let store = store(KeyRing::load(ring_file)?, COOKIE, &clock)?;
        let mut tour = Self { ring_file, store, clock, step: 0 };
        tour.title("a key ring")?;
        tour.good(&format!("root secret {id} is in {}, mode 0600", ring_file.display()))?;
        tour.why("It is all that a server needs: no database, no cache, nothing to replicate.")?;
        Ok(tour)
    }

    fn create(&mut self) -> Result<SessionId, Failure> {
        self.title("create")?;
        let options =
            CreateOptions { user_id: Some("user-42".into()), data_json: CART.into(), ttl_ms: 2 * HOUR_MS };
        let id = self.store.create_with(options, b"")?;
        self.good(&format!("Set-Cookie: {COOKIE}={}", id.as_str()))?;
        self.why("The session id is the session: user, data and expiry, encrypted and authenticated.")?;
        let record = self.store.read(&id).map_err(unexpected)?;
        expect(
            record.data_json == CART && record.user_id.as_deref() == Some("user-42"),
            "read what was made",
        )?;
        self.good(&format!("read: user-42, {CART}, expires {}", time::show(record.expires_at_ms)))?;
        Ok(id)
    }

    fn look_inside(&mut self, id: &SessionId) -> Result<(), Failure> {
        self.title("what a stranger sees")?;
        let info = TokenInfo::of(id.as_str()).map_err(unexpected)?;
        self.good(&format!(
            "version {}, key id {}, a salt of 24 bytes, {} encrypted bytes, a tag of 16 bytes",
            info.version, info.key_id, info.record_len
        ))?;
        self.why("The key id names the one key that may open it. Who it is for and what it says is hidden.")
    }

    fn update(&mut self, id: &SessionId) -> Result<SessionId, Failure> {
        self.title("update")?;
        let data = r#"{"cart":[{"sku":"A1","n":3}]}"#;
        let updated = self.store.update(id, data).map_err(unexpected)?;
        expect(updated != *id, "an update gives a new id")?;
        let (old, new) = (self.read(id)?, self.read(&updated)?);
        expect(new.data_json == data && new.expires_at_ms == old.expires_at_ms, "only the data changed")?;
        self.good("a new id: the data changed; created, expiry, user and uid did not")?;
        self.why(
            "The old id still opens, with the old data, until it expires: nothing was stored to replace.",
        )?;
        Ok(updated)
    }

    fn touch(&mut self, id: &SessionId) -> Result<SessionId, Failure> {
        self.title("touch, an hour later")?;
        self.advance(HOUR_MS);
        let before = self.read(id)?.expires_at_ms;
        let touched = self.store.touch(id, 2 * HOUR_MS).map_err(unexpected)?;
        let after = self.read(&touched)?.expires_at_ms;
        expect(after == before + HOUR_MS, "an hour was added")?;
        self.good(&format!("a new id: expires {} instead of {}", time::show(after), time::show(before)))?;
        self.why("The idle timeout starts anew; the absolute lifetime since creation does not.")?;
        Ok(touched)
    }

    fn rotate(&mut self, id: &SessionId) -> Result<SessionId, Failure> {
        self.title("rotate the keys, with the user logged in")?;
        let now = self.clock.now_ms();
        let mut ring = KeyRing::load(self.ring_file)?;
        ring.add(Root::new(RootSecret::generate()?).created_at(now).activating_at(now + 600_000), now)?;
        ring.save(self.ring_file)?;
        self.store.replace_ring(KeyRing::load(self.ring_file)?).map_err(unexpected)?;
        self.good("a second root secret is staged; it starts sealing in 10 minutes")?;
        self.why("By then every server has it, so none meets a token that it cannot open.")?;
        self.advance(600_000);
        let state = self.store.open(id).map_err(unexpected)?.key_state();
        expect(state == KeyState::Accepted, "the old key is accepted")?;
        self.good("10 minutes later the new one seals; the user's token opens under the old, accepted one")?;
        let resealed = self.store.reseal(id).map_err(unexpected)?;
        let state = self.store.open(&resealed).map_err(unexpected)?.key_state();
        expect(state == KeyState::Sealing, "the new token is under the new key")?;
        self.good("re-sealed under the new key on the user's next request; nothing else changed")?;
        self.why(
            "A token says which key opened it, so a host can re-seal on use and see when an old key may go.",
        )?;
        Ok(resealed)
    }

    fn tamper(&mut self, id: &SessionId) -> Result<(), Failure> {
        self.title("tamper")?;
        // A character in the middle of the ciphertext.
        let at = id.as_str().len() / 2;
        let tampered: String = id
            .as_str()
            .char_indices()
            .map(|(index, c)| {
                if index != at {
                    c
                } else if c == 'A' {
                    'B'
                } else {
                    'A'
                }
            })
            .collect();
        let answer = self.store.read(&SessionId::new(tampered));
        expect(matches!(answer, Err(SessionError::Invalid(_))), "tampering is Invalid")?;
        let byte = at * 3 / 4 + 1;
        self.bad(&format!(
            "character {} changed (byte {byte} of the token, in the ciphertext): Invalid",
            at + 1
        ))?;
        self.why(
            "One message for every refusal; which check it was is for the operator's log, not the client.",
        )
    }

    fn rename(&mut self, id: &SessionId) -> Result<(), Failure> {
        self.title("rename the cookie")?;
        let other = store(KeyRing::load(self.ring_file)?, "__Host-admin", &self.clock)?;
        let answer = other.read(id);
        expect(matches!(answer, Err(SessionError::Invalid(_))), "another cookie's token is Invalid")?;
        self.bad("the same token in the cookie __Host-admin, same ring: Invalid")?;
        self.why(
            "The cookie's name and the application stand in the key: a token is worth nothing elsewhere.",
        )
    }

    fn overflow(&mut self, id: &SessionId) -> Result<(), Failure> {
        self.title("overflow the cookie")?;
        let left = self.store.remaining(Some("user-42"), CART).map_err(unexpected)?;
        self.good(&format!("room for {left} more bytes of data"))?;
        let data = format!(r#"{{"note":"{}"}}"#, "x".repeat(4000));
        match self.store.update_with(id, &data, b"") {
            Err(sealed_session::ResealError::Seal(e @ SealError::TooLarge { .. })) => {
                self.bad(&e.to_string())?;
            }
            other => return Err(unexpected(format!("{other:?}"))),
        }
        self.why(
            "Browsers drop a cookie above 4096 octets without a word, so it is refused before it is sent.",
        )
    }

    fn expire(&mut self, id: &SessionId) -> Result<(), Failure> {
        self.title("expire")?;
        let expires = self.read(id)?.expires_at_ms;
        self.clock.0.store(expires - 1, Ordering::SeqCst);
        expect(self.store.read(id).is_ok(), "it opens in its last millisecond")?;
        self.good("one millisecond before its expiry it opens")?;
        self.clock.0.store(expires, Ordering::SeqCst);
        expect(self.store.read(id) == Err(SessionError::NotFound), "an expired session is NotFound")?;
        self.bad("at its expiry: NotFound")?;
        self.why("Expiry is under the seal; a browser that keeps the cookie longer gains nothing.")
    }

    fn end(&self) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        writeln!(out)?;
        writeln!(out, "{GOOD}All of it held.{GOOD:#} The temporary folder is gone now.")?;
        writeln!(out, "Next: `sealed-session ring init ring.json`, and README.md for the example in Rust.")?;
        Ok(())
    }

    fn read(&self, id: &SessionId) -> Result<sealed_session::SessionRecord, Failure> {
        self.store.read(id).map_err(unexpected)
    }

    fn advance(&self, ms: u64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    fn title(&mut self, title: &str) -> Result<(), Failure> {
        self.step += 1;
        let mut out = anstream::stdout().lock();
        writeln!(out)?;
        Ok(writeln!(out, "{TITLE}{}. {title}{TITLE:#}", self.step)?)
    }

    fn good(&self, what: &str) -> Result<(), Failure> {
        Ok(writeln!(anstream::stdout().lock(), "   {GOOD}+{GOOD:#} {what}")?)
    }

    fn bad(&self, what: &str) -> Result<(), Failure> {
        Ok(writeln!(anstream::stdout().lock(), "   {BAD}x{BAD:#} {what}")?)
    }

    fn why(&self, why: &str) -> Result<(), Failure> {
        Ok(writeln!(anstream::stdout().lock(), "     {QUIET}{why}{QUIET:#}")?)
    }
}

fn store(ring: KeyRing, cookie: &str, clock: &Hands) -> Result<SealedStore, Failure> {
    let builder = SealedStore::builder(ring).cookie_name(cookie).app_id("tour").clock(clock.clone());
    builder.max_lifetime(Duration::from_secs(12 * 60 * 60)).build().map_err(unexpected)
}

fn expect(held: bool, what: &str) -> Result<(), Failure> {
    if held { Ok(()) } else { Err(Failure::Other(format!("the tour went wrong: {what}"))) }
}

fn unexpected(e: impl std::fmt::Display) -> Failure {
    Failure::Other(format!("the tour went wrong: {e}"))
}
