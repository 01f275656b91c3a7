use super::*;
use crate::clock::Clock;

fn of(nodes: &[&str]) -> Wish {
    Wish { nodes: Some(nodes.iter().map(|node| node.to_string()).collect()), paths: None }
}

#[test]
fn one_scan_runs_and_one_waits() {
    let (scans, now) = (Images::default(), Clock::system().now());
    let (first, begun) = scans.ask(Wish::default(), now);
    assert_eq!(begun.unwrap().id, first);
    let (second, begun) = scans.ask(Wish::default(), now);
    assert!(begun.is_none() && second != first);
    assert_eq!(scans.ask(Wish::default(), now).0, second);
    scans.announce(first, &["here".to_owned(), "there".to_owned()]);
    scans.update(first, 1, |host| host.files_seen += 2);
    let hosts = scans.progress(first).unwrap().hosts;
    assert_eq!((hosts[0].files_seen, hosts[1].host.as_str(), hosts[1].files_seen), (0, "there", 2));
    assert_eq!(scans.progress(second).unwrap().state, ScanState::Queued);

    assert_eq!(scans.end(first, ScanState::Finished, now).unwrap().id, second);
    assert_eq!(scans.progress(first).unwrap().state, ScanState::Finished);
    assert_eq!(scans.progress(second).unwrap().state, ScanState::Running);
    assert!(scans.end(second, ScanState::Finished, now).is_none());
    assert!(scans.ask(Wish::default(), now).1.is_some());
    assert!(matches!(scans.progress(Uuid::nil()), Err(Error::NoSuchScan)));
}

#[test]
fn a_wish_for_a_part_waits_by_itself_unless_all_is_to_be_looked_at() {
    let (scans, now) = (Images::default(), Clock::system().now());
    let (first, _) = scans.ask(of(&["n1"]), now);
    let (part, _) = scans.ask(of(&["n1"]), now);
    assert_ne!(part, first, "what was put there since it began may be missed by the one that runs");
    assert_eq!(scans.ask(of(&["n1"]), now).0, part);
    let (whole, _) = scans.ask(Wish::default(), now);
    assert_eq!(scans.ask(of(&["n2"]), now).0, whole);
    assert_eq!(scans.end(first, ScanState::Finished, now).unwrap().wish, of(&["n1"]));
    assert_eq!(scans.end(part, ScanState::Finished, now).unwrap().wish, Wish::default());
}

#[test]
fn no_number_of_wishes_makes_a_long_queue() {
    let (scans, now) = (Images::default(), Clock::system().now());
    let ids: std::collections::HashSet<Uuid> =
        (0..1000).map(|number| scans.ask(of(&[&format!("n{number}")]), now).0).collect();
    assert_eq!(ids.len(), 1 + MAX_WAITING + 1);
}

#[test]
fn a_scan_that_waits_or_runs_is_ended_and_one_that_is_over_is_not() {
    let (scans, now) = (Images::default(), Clock::system().now());
    let (first, begun) = scans.ask(Wish::default(), now);
    let (second, _) = scans.ask(Wish::default(), now);
    assert!(scans.cancel(second, now).unwrap());
    assert_eq!(scans.progress(second).unwrap().state, ScanState::Cancelled);
    assert!(scans.cancel(first, now).unwrap());
    assert!(begun.unwrap().end.is_cancelled());
    assert!(scans.end(first, ScanState::Cancelled, now).is_none());
    assert!(!scans.cancel(first, now).unwrap());
    assert!(matches!(scans.cancel(Uuid::nil(), now), Err(Error::NoSuchScan)));
}
