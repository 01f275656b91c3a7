//! Takes a batch script apart as a template has it: what a form can say of resources, and all else as it was written.

use super::compose::{Gpus, Resources, Submission, compose, push_header_without, replaced_by};
use super::{BatchScript, ScriptError};
use crate::notation::{format_time_limit, parse_memory, parse_time_limit};

/// A script's resources, and the script without the directives that say them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub resources: Resources,
    pub script: BatchScript,
}

impl BatchScript {
    /// What [`compose`] makes of the two asks Slurm for exactly what this script asks for: a directive of which
    /// [`Resources`] could say only a part (`--nodes=2-4`, 90 seconds) stays in the script.
    ///
    /// # Errors
    /// [`ScriptError`] where the script without them cannot be read, which does not happen.
    pub fn split(&self) -> Result<Split, ScriptError> {
        let mut resources = Resources::default();
        let mut said = Vec::new();
        for (option, take) in TAKEN {
            let Some(value) = self.option(option).filter(|value| !value.is_empty()) else { continue };
            // Where a form says the one, the other would be taken for an answer of before.
            if replaced_by(option).iter().any(|rival| *rival != option && self.option(rival).is_some()) {
                continue;
            }
            let mut one = Resources::default();
            if take(value, &mut one).is_none() || !can_be_written(&one) {
                continue;
            }
            take(value, &mut resources);
            said.push(option);
        }
        let (header, commands) = self.text.split_at(self.header_end);
        let (interpreter, header) = header.split_at(header.find('\n').map_or(header.len(), |end| end + 1));
        let mut text = interpreter.to_owned();
        push_header_without(&mut text, self, header, |option| said.contains(&option));
        text.push_str(commands);
        Ok(Split { resources, script: BatchScript::parse(&text)? })
    }

    /// What stands behind the directives, from the first command on.
    pub fn commands(&self) -> &str {
        &self.text[self.header_end..]
    }

    /// What stands before the first command: the interpreter, directives and comments.
    pub fn header(&self) -> &str {
        &self.text[..self.header_end]
    }
}

type Take = fn(&str, &mut Resources) -> Option<()>;

/// Options by their long names, and what reads a value that can be written back as it was.
const TAKEN: [(&str, Take); 12] = [
    ("partition", |value, to| text(value, &mut to.partition)),
    ("account", |value, to| text(value, &mut to.account)),
    ("qos", |value, to| text(value, &mut to.qos)),
    ("nodes", |value, to| count(value, &mut to.nodes)),
    ("ntasks", |value, to| count(value, &mut to.tasks)),
    ("cpus-per-task", |value, to| count(value, &mut to.cpus_per_task)),
    ("mem", |value, to| set(exact_memory(value)?, &mut to.memory_mib)),
    ("gres", |value, to| set(gpus_alone(value)?, &mut to.gpus)),
    ("constraint", |value, to| text(value, &mut to.features)),
    ("licenses", |value, to| text(value, &mut to.licenses)),
    ("time", |value, to| set(exact_minutes(value)?, &mut to.time_limit_minutes)),
    ("array", |value, to| text(value, &mut to.array)),
];

fn set<T>(value: T, to: &mut Option<T>) -> Option<()> {
    *to = Some(value);
    Some(())
}

fn text(value: &str, to: &mut Option<String>) -> Option<()> {
    set(value.to_owned(), to)
}

fn count(value: &str, to: &mut Option<u32>) -> Option<()> {
    let count: u32 = value.parse().ok().filter(|count| *count > 0)?;
    // "+4", "007"
    if count.to_string() != value { None } else { set(count, to) }
}

fn exact_memory(value: &str) -> Option<u64> {
    let digits = value.trim_end_matches(['B', 'b']).trim_end_matches(['M', 'm', 'G', 'g', 'T', 't']);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // 0 is all that a node has.
    let memory = parse_memory(value).ok().flatten().filter(|memory| is_whole && memory.mib > 0)?;
    Some(memory.mib)
}

fn exact_minutes(value: &str) -> Option<u32> {
    let minutes = parse_time_limit(value).ok().flatten().filter(|minutes| *minutes > 0)?;
    // Seconds are rounded up to minutes.
    let seconds = match (value.contains('-'), value.split(':').collect::<Vec<_>>().as_slice()) {
        (true, [_, _, seconds]) | (false, [_, _, seconds] | [_, seconds]) => seconds.parse().ok()?,
        _ => 0,
    };
    let same = parse_time_limit(&format_time_limit(Some(minutes))).ok().flatten() == Some(minutes);
    (seconds == 0 && same).then_some(minutes)
}

/// `gpu:2` and `gpu:a100:2`, and nothing beside them.
fn gpus_alone(value: &str) -> Option<Gpus> {
    if value.contains(',') {
        return None;
    }
    let words: Vec<&str> = value.split(':').collect();
    let (kind, count) = match words.as_slice() {
        ["gpu", count] => (None, count),
        ["gpu", kind, count] => (Some((*kind).to_owned()), count),
        _ => return None,
    };
    let count = count.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == **count)?;
    Some(Gpus { kind, count })
}

/// Whether a form may say this: it is stricter than sbatch.
fn can_be_written(resources: &Resources) -> bool {
    let script = BatchScript { text: "#!/bin/bash\n".to_owned(), header_end: 12, directives: Vec::new() };
    let submission = Submission {
        script,
        name: None,
        output: None,
        error: None,
        resources: resources.clone(),
        dependency: None,
        exclude: None,
        environment: Vec::new(),
        rows: None,
    };
    compose(&submission).is_ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn split(header: &str) -> (Resources, String) {
        let script = BatchScript::parse(&format!("#!/bin/bash\n{header}\nsrun x\n")).unwrap();
        let Split { resources, script } = script.split().unwrap();
        (resources, script.as_str().to_owned())
    }

    #[test]
    fn what_a_form_can_say_leaves_the_script_and_all_else_stays() {
        let (resources, script) = split(
            "# of the group\n#SBATCH -p gpu -N 2 --exclusive\n#SBATCH --time=1-12:00:00   # long\n#SBATCH --mem=4G\n\n\
             #SBATCH --gres=gpu:a100:2\n#SBATCH --array=0-9%2 -J name\n#PBS -l nodes=1",
        );
        let expected = Resources {
            partition: Some("gpu".to_owned()),
            nodes: Some(2),
            memory_mib: Some(4096),
            gpus: Some(Gpus { kind: Some("a100".to_owned()), count: 2 }),
            time_limit_minutes: Some(2160),
            array: Some("0-9%2".to_owned()),
            ..Resources::default()
        };
        assert_eq!(resources, expected);
        assert_eq!(
            script,
            "#!/bin/bash\n# of the group\n#SBATCH --exclusive\n\n#SBATCH --job-name=\"name\"\n#PBS -l nodes=1\nsrun x\n"
        );
    }

    #[rstest]
    #[case("#SBATCH --nodes=2-4")]
    #[case("#SBATCH --nodes=1K")]
    #[case("#SBATCH --mem=1500K")]
    #[case("#SBATCH --mem=0")]
    #[case("#SBATCH --mem=1.5G")]
    #[case("#SBATCH --time=00:00:30")]
    #[case("#SBATCH --time=2:30")]
    #[case("#SBATCH --time=UNLIMITED")]
    #[case("#SBATCH --gres=gpu:1,shard:2")]
    #[case("#SBATCH --gres=gpu")]
    #[case("#SBATCH --gpus-per-node=2")]
    #[case("#SBATCH --mem-per-cpu=2G")]
    #[case("#SBATCH --time=2:00:00 --time-min=30")]
    #[case("#SBATCH --gres=gpu:1\n#SBATCH --gpus-per-task=1")]
    #[case("#SBATCH --constraint=\"a b\"")]
    #[case("#SBATCH hetjob\n#SBATCH -p gpu -N 2")]
    fn what_it_could_say_only_in_part_stays(#[case] header: &str) {
        assert_eq!(split(header), (Resources::default(), format!("#!/bin/bash\n{header}\nsrun x\n")));
    }

    #[test]
    fn the_last_of_two_counts_and_the_other_goes_too() {
        let (resources, script) = split("#SBATCH -p a\n#SBATCH -p b\n#SBATCH hetjob\n#SBATCH -p c");
        assert_eq!(resources.partition.as_deref(), Some("b"));
        assert_eq!(script, "#!/bin/bash\n#SBATCH hetjob\n#SBATCH -p c\nsrun x\n");
    }
}
