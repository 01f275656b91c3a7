//! Columns of fixed widths in bytes, as sacct prints them where it is asked for `Name%-width`.

use super::Fields;
use crate::AnswerError;

/// A column's name and its width.
pub(super) type Column = (&'static str, usize);

/// The argument that asks for them.
pub(super) fn format(columns: &[Column]) -> String {
    let columns: Vec<String> = columns.iter().map(|(name, width)| format!("{name}%-{width}")).collect();
    format!("--format={}", columns.join(","))
}

/// Cuts an answer into its records. What is longer than its column sacct has cut already.
pub(super) fn records<'a>(
    source_name: &'static str,
    columns: &'a [Column],
    answer: &'a [u8],
) -> impl Iterator<Item = Result<Fields<'a>, AnswerError>> {
    // A space behind each column, a line end behind the last.
    let length = columns.iter().map(|(_, width)| width + 1).sum::<usize>() + 1;
    answer.chunks(length).map(move |record| {
        if record.len() != length || !record.ends_with(b" \n") {
            return Err(AnswerError::layout(source_name, "a record has not the width asked for"));
        }
        let mut rest = record;
        let values = columns.iter().map(|(_, width)| {
            let (value, behind) = rest.split_at(*width);
            rest = &behind[1..];
            value.trim_ascii_end()
        });
        Ok(Fields { source_name, values: values.collect() })
    })
}
