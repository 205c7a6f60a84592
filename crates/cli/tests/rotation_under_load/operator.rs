//! What happens to the ring file and to the servers meanwhile.

use std::time::{Duration, Instant};

use crate::clients::{FirstAsked, Load};
use crate::connection::Connections;
use crate::fleet::{APP, Fleet, NAME, SERVERS};
use crate::wait_until;

/// Far more than a server takes to notice a change.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Operator<'a> {
    fleet: &'a Fleet,
    load: &'a Load<'a>,
    connections: Connections<'a>,
    /// For each root but the first: when all servers that are notified had it.
    had_by_all: Vec<Instant>,
    pub(crate) kills: usize,
}

impl<'a> Operator<'a> {
    pub(crate) fn new(fleet: &'a Fleet, load: &'a Load<'a>) -> Self {
        Self { fleet, load, connections: Connections::to(fleet), had_by_all: Vec::new(), kills: 0 }
    }

    /// Rotates again and again, with trouble in between.
    pub(crate) fn rotate_often(&mut self, rotations: usize, staged_for: &str) {
        for turn in 0..rotations {
            self.rotate(staged_for);
            match turn % 8 {
                2 => self.damage_the_file(b"half a ri"),
                4 => self.kill(turn / 8),
                6 => self.prune(),
                _ => self.load.go_on_for(200),
            }
        }
    }

    fn rotate(&mut self, staged_for: &str) {
        let notified: Vec<usize> = self.fleet.notified().collect();
        let before: Vec<_> = notified.iter().map(|&server| self.health(server)).collect();
        self.fleet.folder.run(&format!("ring rotate ring.json --activate-in {staged_for}")).succeeds();
        wait_until(DEADLINE, "every server has the new ring", || {
            let now = notified.iter().map(|&server| self.fleet.health(server, &mut self.connections));
            now.zip(&before).all(|(now, before)| now.is_ok_and(|now| now > *before))
        });
        self.had_by_all.push(Instant::now());
    }

    /// How many rings a healthy server took up.
    fn health(&mut self, server: usize) -> u64 {
        self.fleet.health(server, &mut self.connections).unwrap()
    }

    /// The file is replaced by garbage; the servers notice, go on, and recover when it is restored.
    fn damage_the_file(&mut self, garbage: &[u8]) {
        let good = self.fleet.folder.read("ring.json");
        self.fleet.folder.write("ring.json", garbage);
        let notified: Vec<usize> = self.fleet.notified().collect();
        for &server in &notified {
            let ill = || self.fleet.health(server, &mut self.connections).is_err();
            wait_until(DEADLINE, "the server says that the file is bad", ill);
        }
        let ended = self.fleet.folder.run("ring rotate ring.json --activate-in 0s");
        ended.fails(1, "ring.json");
        self.load.go_on_for(500);
        self.fleet.folder.write("ring.json", good);
        for &server in &notified {
            let well = || self.fleet.health(server, &mut self.connections).is_ok();
            wait_until(DEADLINE, "the server says that the file is good again", well);
        }
    }

    fn kill(&mut self, server: usize) {
        self.fleet.kill_and_restart(server, || self.load.go_on_for(200));
        self.kills += 1;
        // The operator's own connection went with it.
        self.connections = Connections::to(self.fleet);
    }

    /// All of the roots have sealed tokens that live on.
    fn prune(&self) {
        let line = self.fleet.folder.run("ring prune ring.json").last_line();
        assert!(line.starts_with("pruned ring.json: 0 removed"), "{line}");
    }

    /// The load goes on, with trouble, while time passes for the server whose clock is behind the others'.
    pub(crate) fn until_all_seal_with_the_newest(&mut self, deadline: Instant) {
        let newest = self.key_ids().pop().unwrap();
        let mut turn = 0;
        while (0..SERVERS).any(|server| self.fleet.key(server, &mut self.connections) != newest) {
            assert!(Instant::now() < deadline, "every server seals with the newest key in time");
            match turn {
                0..SERVERS => self.kill(turn),
                SERVERS => self.damage_the_file(b""),
                _ => self.load.go_on_for(1_000),
            }
            turn = (turn + 1) % 50;
        }
    }

    /// The key that each root has for the servers' cookie, in the order of activation.
    fn key_ids(&self) -> Vec<String> {
        let roots = self.fleet.folder.roots(&format!("--name {NAME} --app {APP}"));
        roots.iter().map(|root| root["key_ids"][0]["key_id"].as_str().unwrap().to_owned()).collect()
    }

    /// No server was asked for a token under a key before all had it. Tells how many keys sealed.
    pub(crate) fn assert_no_key_sealed_before_all_had_it(&self, first_asked: &FirstAsked) -> usize {
        let keys = self.key_ids();
        for (key, had) in keys.iter().skip(1).zip(&self.had_by_all) {
            if let Some(asked) = first_asked.get(key) {
                assert!(asked > had, "key {key} sealed before every server had it");
            }
        }
        assert!(first_asked.keys().all(|key| keys.contains(key)));
        first_asked.len()
    }
}
