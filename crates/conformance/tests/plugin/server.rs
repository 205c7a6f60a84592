//! A server that keeps its sessions in a table, as one with a database does.

use crate::*;

pub(crate) struct Server {
    pub(crate) clock: ManualClock,
    pub(crate) thread: std::thread::ThreadId,
    pub(crate) counter: AtomicUsize,
    pub(crate) sessions: Mutex<HashMap<String, SessionRecord>>,
}

impl SessionPlugin for Server {
    fn name(&self) -> &str {
        "table"
    }

    fn create(&self, opts: CreateOptions) -> Result<SessionId, SessionError> {
        if opts.user_id.as_ref().is_some_and(|user| user.len() > 65_534) {
            return Err(SessionError::Invalid("the user id is too long".into()));
        }
        let record = SessionRecord {
            id: random_id(),
            user_id: opts.user_id,
            data_json: checked(&opts.data_json)?,
            created_at_ms: self.now(),
            expires_at_ms: self.expiry(self.now(), opts.ttl_ms),
        };
        let id = record.id.clone();
        self.sessions.lock().unwrap().insert(id.0.clone(), record);
        Ok(id)
    }

    fn read(&self, id: &SessionId) -> Result<SessionRecord, SessionError> {
        self.live(id, self.now())
    }

    fn update(&self, id: &SessionId, data_json: &str) -> Result<SessionId, SessionError> {
        self.update_at(id, data_json, self.now())
    }

    fn touch(&self, id: &SessionId, ttl_ms: u64) -> Result<SessionId, SessionError> {
        self.touched(id, self.now(), |record| {
            record.expires_at_ms = self.expiry(record.created_at_ms, ttl_ms);
        })
    }

    fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        self.sessions.lock().unwrap().remove(id.as_str());
        Ok(())
    }
}

/// What the server is made of, and what the faults reach for.
impl Server {
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self {
            clock,
            thread: std::thread::current().id(),
            counter: AtomicUsize::new(1),
            sessions: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now_ms()
    }

    pub(crate) fn expiry(&self, created_at_ms: u64, ttl_ms: u64) -> u64 {
        let ttl = if ttl_ms == 0 { DEFAULT_TTL_MS } else { ttl_ms.min(MAX_TTL_MS) };
        (self.now() + ttl).min(created_at_ms + MAX_LIFETIME_MS)
    }

    pub(crate) fn live(&self, id: &SessionId, now: u64) -> Result<SessionRecord, SessionError> {
        self.record(id).filter(|record| now < record.expires_at_ms).ok_or(SessionError::NotFound)
    }

    pub(crate) fn update_at(
        &self,
        id: &SessionId,
        data_json: &str,
        now: u64,
    ) -> Result<SessionId, SessionError> {
        self.live(id, now)?;
        let data = checked(data_json)?;
        self.change(id, |record| record.data_json = data)
    }

    pub(crate) fn change(
        &self,
        id: &SessionId,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        let mut sessions = self.sessions.lock().unwrap();
        sessions.get_mut(id.as_str()).map(change).ok_or(SessionError::NotFound)?;
        Ok(id.clone())
    }

    pub(crate) fn created(
        &self,
        opts: CreateOptions,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.change(&self.create(opts)?, change)
    }

    pub(crate) fn updated(
        &self,
        id: &SessionId,
        data_json: &str,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.change(&self.update(id, data_json)?, change)
    }

    pub(crate) fn touched(
        &self,
        id: &SessionId,
        now: u64,
        change: impl FnOnce(&mut SessionRecord),
    ) -> Result<SessionId, SessionError> {
        self.live(id, now)?;
        self.change(id, change)
    }

    pub(crate) fn record(&self, id: &SessionId) -> Option<SessionRecord> {
        self.sessions.lock().unwrap().get(id.as_str()).cloned()
    }

    pub(crate) fn find(&self, wanted: impl Fn(&SessionRecord) -> bool) -> Option<SessionRecord> {
        self.sessions.lock().unwrap().values().find(|record| wanted(record)).cloned()
    }

    pub(crate) fn rename(&self, id: &SessionId, new: String) -> Result<SessionId, SessionError> {
        let mut sessions = self.sessions.lock().unwrap();
        let record = sessions.remove(id.as_str()).ok_or(SessionError::NotFound)?;
        let id = SessionId(new.clone());
        sessions.insert(new, SessionRecord { id: id.clone(), ..record });
        Ok(id)
    }

    pub(crate) fn by_prefix(&self, id: &SessionId) -> Result<SessionId, SessionError> {
        let half = id.as_str().get(..16).ok_or(SessionError::NotFound)?;
        let found = self.find(|record| record.id.as_str().starts_with(half));
        found.map(|record| record.id).ok_or(SessionError::NotFound)
    }

    pub(crate) fn revived(&self, id: &SessionId) -> Result<SessionId, SessionError> {
        match self.live(id, self.now()) {
            Ok(record) => Ok(record.id),
            Err(_) => self.rename(&self.create(CreateOptions::default())?, id.0.clone()),
        }
    }
}

/// The data as it is stored.
pub(crate) fn checked(data_json: &str) -> Result<String, SessionError> {
    let data = if data_json.is_empty() { "{}" } else { data_json };
    match serde_json::from_str::<HashMap<String, IgnoredAny>>(data) {
        Ok(_) => Ok(data.to_owned()),
        Err(_) => Err(SessionError::Invalid("the data is no JSON object".into())),
    }
}

pub(crate) fn rewritten(data_json: &str) -> Result<String, SessionError> {
    let data = checked(data_json)?;
    let value: serde_json::Value = serde_json::from_str(&data).map_err(|e| backend(&e.to_string()))?;
    Ok(value.to_string())
}

pub(crate) fn latin1(text: &str) -> String {
    text.chars().map(|c| if u32::from(c) < 256 { c } else { '?' }).collect()
}

pub(crate) fn longer(id: &SessionId) -> SessionId {
    SessionId(format!("{}A", id.as_str()))
}

pub(crate) fn shorter(id: &SessionId) -> SessionId {
    let mut text = id.0.clone();
    text.pop();
    SessionId(text)
}

pub(crate) fn random_id() -> SessionId {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    SessionId(bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    }))
}

pub(crate) fn backend(message: &str) -> SessionError {
    SessionError::Backend(message.to_owned())
}
