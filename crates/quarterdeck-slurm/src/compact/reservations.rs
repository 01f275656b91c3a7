//! The reservations, from scontrol: administrators alone choose the words in its answer. A name may hold spaces, and
//! stands first.

use super::{Reading, text, value_of};
use crate::notation::parse_time;
use crate::{AnswerError, Reservation};

const SCONTROL: &str = "scontrol";

pub fn reading() -> Reading {
    Reading::new(SCONTROL, &["--oneliner", "--all", "show", "reservation"])
}

/// Without any, scontrol says so in words.
pub fn parse(answer: &[u8]) -> Result<Vec<Reservation>, AnswerError> {
    let answer = text(answer);
    let lines = answer.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("No reservations"));
    lines.map(read_reservation).collect()
}

fn read_reservation(line: &str) -> Result<Reservation, AnswerError> {
    let broken = |detail: &str| AnswerError::layout(SCONTROL, detail);
    let rest = line.strip_prefix("ReservationName=").ok_or_else(|| broken("a reservation has no name"))?;
    let behind_name = rest.rfind(" StartTime=").ok_or_else(|| broken("a reservation does not say when it starts"))?;
    let (name, rest) = rest.split_at(behind_name);
    let time = |key: &'static str| {
        let value = value_of(rest, key).unwrap_or_default();
        let time = parse_time(value).map_err(|_| AnswerError::field(SCONTROL, key, value))?;
        time.ok_or_else(|| AnswerError::field(SCONTROL, key, value))
    };
    let set = |key: &str| value_of(rest, key).filter(|value| !["", "(null)"].contains(value));
    let list = |key: &str| set(key).map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default();
    Ok(Reservation {
        name: name.to_owned(),
        starts_at: time("StartTime")?,
        ends_at: time("EndTime")?,
        node_list: set("Nodes").map(str::to_owned),
        partition: set("PartitionName").map(str::to_owned),
        flags: list("Flags"),
        users: list("Users"),
        accounts: list("Accounts"),
        state: set("State").unwrap_or("INACTIVE").to_owned(),
    })
}
