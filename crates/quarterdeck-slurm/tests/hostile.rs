//! Whatever stands in Slurm's answers and in scripts, nothing that reads them panics or takes long. `PROPTEST_CASES`
//! makes the search as long as wanted.

mod entry_points;

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

use entry_points::read_as_everything;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rstest::rstest;

const SCRIPT: &[u8] = b"#!/bin/bash -l\n#SBATCH --job-name='a b' -N 2 --mem=4G\n#SBATCH --gres=gpu:a100:2 -t 1-02:03:04\n#SBATCH hetjob\n#SBATCH -o %x-%10j.out\nsrun true\n";

/// Of all versions, and a script.
static RECORDED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded");
    let versions = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = versions.flat_map(|version| fs::read_dir(version).unwrap());
    let answers = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    answers.chain([SCRIPT.to_vec()]).collect()
});
/// What notations are made of, and what breaks readers.
const PIECES: [&str; 26] = [
    "[",
    "]",
    "[1-99999]",
    "[01-02]",
    ",",
    "-",
    ":",
    "(",
    ")",
    "=",
    "|",
    "\n",
    "\0",
    "\u{1f}",
    "\"",
    "%",
    "'",
    "{",
    "작",
    "4294967295",
    "18446744073709551615",
    "-9223372036854775808",
    "1e999",
    "gres/gpu:a=4294967295,",
    "gpu:4294967295,",
    "365-23:59:59",
];
/// Of one reading by everything, without optimisation and on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static str),
    Repeat(Index, usize),
    CutOff(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (any::<Index>(), 1..40usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<Index>(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), 1..200usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        any::<Index>().prop_map(Change::CutOff),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let place = |at: &Index| at.index(bytes.len() + 1);
    match change {
        Change::Replace(at, byte) => {
            let at = place(at);
            bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
        }
        Change::Remove(at, length) => {
            let at = place(at);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Change::Insert(at, piece) => {
            let at = place(at);
            bytes.splice(at..at, piece.bytes());
        }
        Change::Repeat(at, length) => {
            let at = place(at);
            let again = bytes[at..(at + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, again);
        }
        Change::CutOff(at) => bytes.truncate(place(at)),
    }
}

fn read_in_time(bytes: &[u8]) {
    let started = time_on_the_processor();
    read_as_everything(bytes);
    let took = time_on_the_processor() - started;
    assert!(took < LONG, "{took:?} for {} bytes", bytes.len());
}

/// Of this thread: others that run beside it do not make the readers slow. Source: proc(5), "schedstat".
fn time_on_the_processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn recorded_answers_that_were_tampered_with(answer in select(&RECORDED[..]), changes in vec(change(), 1..12)) {
        let mut bytes = answer;
        changes.iter().for_each(|change| apply(&mut bytes, change));
        read_in_time(&bytes);
    }

    /// One field of an answer, to the readers of notations.
    #[test]
    fn their_fields(answer in select(&RECORDED[..]), at in any::<Index>(), changes in vec(change(), 0..6)) {
        let fields = answer.split(|byte| b"|\n\"Q ".contains(byte)).filter(|field| !field.is_empty()).collect::<Vec<_>>();
        let mut bytes = at.get(&fields).to_vec();
        changes.iter().for_each(|change| apply(&mut bytes, change));
        read_in_time(&bytes);
    }

    #[test]
    fn pieces_of_notations(pieces in vec(select(&PIECES[..]), 0..24)) {
        read_in_time(pieces.concat().as_bytes());
    }

    #[test]
    fn noise(bytes in vec(any::<u8>(), 0..2000)) {
        read_in_time(&bytes);
    }
}

/// As long as nothing of Slurm's is, from somebody who may name jobs or nodes as she likes.
#[rstest]
fn one_piece_repeated(
    #[values(
        "[1]",
        "[",
        "]",
        "[1-9]",
        "(",
        "{\"a\":",
        "%",
        "1",
        "0",
        "gpu:4294967295,",
        "\n",
        "a=b ",
        "#SBATCH -J 'a\n"
    )]
    piece: &str,
    #[values("", "c[")] before: &str,
    #[values("", "[1-99999]", "1-2] c11111111111111111111111111111")] behind: &str,
) {
    read_in_time(format!("{before}{}{behind}", piece.repeat(70_000)).as_bytes());
}
