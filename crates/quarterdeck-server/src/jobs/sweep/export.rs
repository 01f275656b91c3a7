//! A sweep's table as a file for spreadsheets (RFC 4180).

use super::{SweepRow, SweepTable, plain};

const RESULTS: [&str; 6] = ["state", "exit_code", "signal", "started_at", "ended_at", "elapsed_seconds"];

/// With a header; the values in the order of the sweep's columns, and behind them what became of the tasks.
pub fn csv(table: &SweepTable) -> String {
    let mut text = String::new();
    let parameters = table.parameters.iter().map(String::as_str);
    write_line(&mut text, ["task"].into_iter().chain(parameters).chain(RESULTS));
    for row in &table.rows {
        let values = table.parameters.iter().map(|name| row.values.get(name).map(plain).unwrap_or_default());
        let cells: Vec<String> = [row.number.to_string()].into_iter().chain(values).chain(results(row)).collect();
        write_line(&mut text, cells.iter().map(String::as_str));
    }
    text
}

fn results(row: &SweepRow) -> [String; 6] {
    fn word<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let job = row.job.as_ref();
    let (started, ended) = (job.and_then(|job| job.started_at), job.and_then(|job| job.ended_at));
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
        word(at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
    };
    let elapsed = started.zip(ended).map(|(started, ended)| (ended - started).num_seconds());
    [
        word(row.state),
        word(job.and_then(|job| job.exit_code)),
        word(job.and_then(|job| job.signal)),
        time(started),
        time(ended),
        word(elapsed),
    ]
}

fn write_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            text.push(',');
        }
        let cell = harmless(cell);
        if cell.contains([',', '"', '\n', '\r']) {
            text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
}

/// What a spreadsheet would compute gets an apostrophe before it, which shows it as text. Numbers stay. East Asian ones
/// read the wide signs like the narrow ones.
fn harmless(cell: &str) -> String {
    const SIGNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    let begins = cell.starts_with(SIGNS);
    match begins && cell.parse::<f64>().is_err() {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jobs::JobState;

    #[test]
    fn no_cell_is_computed_and_each_reads_back() {
        let values = [
            json!("=HYPERLINK(\"http://x\")"),
            json!("+1+1"),
            json!("-rf"),
            json!("@SUM(A1)"),
            json!("\tx"),
            json!("＝1+1"),
            json!("\n=1+1"),
            json!("a,b\n\"c\" 한글"),
            json!(-5),
            json!(-0.25),
            json!(true),
            json!(null),
        ];
        let row = |(value, number): (&serde_json::Value, u32)| SweepRow {
            number,
            values: [("=x".to_owned(), value.clone())].into_iter().collect(),
            job: None,
            state: Some(JobState::Pending),
        };
        let rows = values.iter().zip(1..).map(row).collect();
        let text = csv(&SweepTable { parameters: vec!["=x".to_owned()], rows });
        let cells = [
            "task,'=x,state,exit_code,signal,started_at,ended_at,elapsed_seconds\r\n",
            "1,\"'=HYPERLINK(\"\"http://x\"\")\",PENDING,,,,,\r\n",
            "2,'+1+1,PENDING,,,,,\r\n",
            "3,'-rf,PENDING,,,,,\r\n",
            "4,'@SUM(A1),PENDING,,,,,\r\n",
            "5,'\tx,PENDING,,,,,\r\n",
            "6,'＝1+1,PENDING,,,,,\r\n",
            "7,\"'\n=1+1\",PENDING,,,,,\r\n",
            "8,\"a,b\n\"\"c\"\" 한글\",PENDING,,,,,\r\n",
            "9,-5,PENDING,,,,,\r\n",
            "10,-0.25,PENDING,,,,,\r\n",
            "11,true,PENDING,,,,,\r\n",
            "12,,PENDING,,,,,\r\n",
        ];
        assert_eq!(text, cells.concat());
    }
}
