//! Lists of array tasks, as `sbatch --array` takes them: `0-9`, `1,3,5`, `0-99:10%4`.

/// The tasks of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayTasks {
    /// Ascending, each once.
    pub numbers: Vec<u32>,
    /// How many may run at the same time. `None`: all.
    pub at_once: Option<u32>,
}

impl ArrayTasks {
    /// `None` where it is no list, or one of more than `most` tasks.
    pub fn parse(text: &str, most: usize) -> Option<ArrayTasks> {
        let (list, at_once) = match text.split_once('%') {
            Some((list, at_once)) => (list, Some(number(at_once)?)),
            None => (text, None),
        };
        let mut numbers = Vec::new();
        for part in list.split(',') {
            let (range, step) = match part.split_once(':') {
                Some((range, step)) => (range, number(step).filter(|step| *step > 0)?),
                None => (part, 1),
            };
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (number(first)?, number(last)?);
            if first > last || numbers.len() + ((last - first) / step) as usize >= most {
                return None;
            }
            numbers.extend((first..=last).step_by(step as usize));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Some(ArrayTasks { numbers, at_once: at_once.filter(|at_once| *at_once > 0) })
    }
}

fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("5", &[5], None)]
    #[case("1-4%2", &[1, 2, 3, 4], Some(2))]
    #[case("7,1-3,2", &[1, 2, 3, 7], None)]
    #[case("0-9:4", &[0, 4, 8], None)]
    #[case("1-2%0", &[1, 2], None)]
    fn reads_lists_of_tasks(#[case] text: &str, #[case] numbers: &[u32], #[case] at_once: Option<u32>) {
        assert_eq!(ArrayTasks::parse(text, 10), Some(ArrayTasks { numbers: numbers.to_vec(), at_once }));
    }

    #[rstest]
    fn refuses_what_is_no_list_or_too_long_a_one(
        #[values("", "a", "3-1", "1-", "1,,2", "1-4:0", "-3", "1%x", "0-10", "0-5,0-5", "0-4294967295")] text: &str,
    ) {
        assert_eq!(ArrayTasks::parse(text, 10), None);
    }
}
