//! What is asked of the program.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub const USAGE: &str = "\
usage: scripts/sim [--seconds N] [--worlds N] [--seed S] [--threads N] [--without PROMISE]... [--hash] [--brief]
       scripts/sim FILE
       scripts/sim --same [--worlds N]
       scripts/sim --controls [--seconds N] [--through] [NAME]...

Plays worlds until the time is over, all are played, or one breaks a promise: 60 seconds unless something else is said.
  --seconds N        no world begins after so many seconds
  --worlds N         so many worlds
  --seed S           the first of them
  --threads N        so many at a time; as many as there are cores, without
  --without PROMISE  does not judge a promise, named as it is when it is broken
  --hash             prints SHA-256 over all transcripts
  --brief            says which seed breaks a promise, and neither shrinks nor writes anything
  FILE               plays a script again, and prints what happened
  --same             compares the transcripts of two processes and of both AEAD providers
  --controls         brings back known faults, one after the other: is each found? See sim/README.md.";

/// What is asked of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Help,
    Script(PathBuf),
    Worlds(Worlds),
}

/// Which worlds are to be played, and what is wanted of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worlds {
    pub first_seed: u64,
    pub worlds: Option<u64>,
    pub time: Option<Duration>,
    pub threads: Option<usize>,
    pub without: Vec<String>,
    pub hashes: bool,
    pub brief: bool,
}

/// Reads arguments. An error says what is wrong with them.
pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    let (mut asked, mut script, mut is_about_worlds) = (Worlds::default(), None, false);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--seconds" => asked.time = Some(Duration::from_secs(number(&argument, &value()?, 1)?)),
            "--worlds" => asked.worlds = Some(number(&argument, &value()?, 1)?),
            "--seed" => asked.first_seed = number(&argument, &value()?, 0)?,
            "--threads" => asked.threads = Some(number(&argument, &value()?, 1)?),
            "--without" => asked.without.push(value()?),
            "--hash" => asked.hashes = true,
            "--brief" => asked.brief = true,
            option if option.starts_with('-') => return Err(format!("there is no option {option}")),
            file if script.is_some() => return Err(format!("one file at a time: {file} is the second")),
            file => {
                script = Some(PathBuf::from(file));
                continue;
            }
        }
        is_about_worlds = true;
    }
    match script {
        Some(_) if is_about_worlds => Err("a file is played by itself, without options".into()),
        Some(script) => Ok(Asked::Script(script)),
        None if asked.hashes && asked.worlds.is_none() => {
            Err("--hash needs --worlds: how many worlds fit into some seconds differs".into())
        }
        None => Ok(Asked::Worlds(asked)),
    }
}

fn number<T: FromStr + PartialOrd + Copy + std::fmt::Display>(
    option: &str,
    text: &str,
    least: T,
) -> Result<T, String> {
    text.parse()
        .ok()
        .filter(|number| *number >= least)
        .ok_or_else(|| format!("{option} {text:?}: give a whole number, {least} or more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Asked, String> {
        read(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_say_what_is_played() {
        let expected = Worlds {
            first_seed: 7,
            worlds: Some(9),
            time: Some(Duration::from_secs(5)),
            without: vec!["x".into(), "y".into()],
            ..Worlds::default()
        };
        assert_eq!(
            of("--seed 7 --worlds 9 --seconds 5 --without x --without y"),
            Ok(Asked::Worlds(expected))
        );
        assert_eq!(of(""), Ok(Asked::Worlds(Worlds::default())));
        assert_eq!(of("a.ron"), Ok(Asked::Script("a.ron".into())));
        assert_eq!(of("--seed 1 --help"), Ok(Asked::Help));
    }

    #[test]
    fn wrong_arguments_are_refused_with_what_is_wrong() {
        for (text, says) in [
            ("--second 5", "there is no option --second"),
            ("--seconds", "--seconds needs a value"),
            ("--seconds soon", "--seconds \"soon\": give a whole number, 1 or more"),
            ("--seconds 0", "--seconds \"0\": give a whole number, 1 or more"),
            ("--worlds -1", "--worlds \"-1\": give a whole number, 1 or more"),
            ("a.ron b.ron", "one file at a time: b.ron is the second"),
            ("a.ron --seed 1", "a file is played by itself, without options"),
            ("--hash", "--hash needs --worlds: how many worlds fit into some seconds differs"),
        ] {
            assert_eq!(of(text), Err(says.to_owned()), "{text}");
        }
    }
}
