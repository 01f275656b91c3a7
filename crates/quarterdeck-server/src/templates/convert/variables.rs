//! Which variables of a batch script a form could ask for. They are offers to a person, who sees what becomes of them:
//! where it is not clear that a value is set once and plainly, it is not offered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use regex::Regex;

/// A variable, and where its value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub name: String,
    /// As the script means it, without quotes; `None`: nothing sets it.
    pub value: Option<String>,
    /// Of the value in the commands, its quotes too; where it is first used, of a variable that nothing sets.
    pub at: Range<usize>,
}

/// What comes from Slurm, from the shell, from a login or from a module.
const FROM_ELSEWHERE: [&str; 46] = [
    "BASHPID",
    "CONDA_PREFIX",
    "CPATH",
    "DIRSTACK",
    "DISPLAY",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HISTFILE",
    "HOME",
    "HOST",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "LIBRARY_PATH",
    "LINENO",
    "LOADEDMODULES",
    "LOGNAME",
    "MACHTYPE",
    "MANPATH",
    "MODULEPATH",
    "OLDPWD",
    "OPTARG",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PS4",
    "PWD",
    "PYTHONPATH",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "TERM",
    "TMPDIR",
    "UID",
    "USER",
    "VIRTUAL_ENV",
];
const BEGIN_ELSEWHERE: [&str; 18] = [
    "SLURM",
    "SBATCH",
    "OMP_",
    "OMPI_",
    "MKL_",
    "CUDA_",
    "NVIDIA_",
    "KMP_",
    "I_MPI_",
    "UCX_",
    "PMI",
    "BASH_",
    "XDG_",
    "LC_",
    "APPTAINER",
    "SINGULARITY",
    "LMOD_",
    "FILE_",
];

/// A form with more is no form; each is looked for among all others.
pub(super) const MOST: usize = 200;

/// The first in the order of their lines.
pub(super) fn find(commands: &str) -> Result<Vec<Found>, regex::Error> {
    let assigned = assigned(commands)?;
    let mut found = set_once(commands, &assigned)?;
    found.extend(never_set(commands, &assigned)?);
    found.sort_by_key(|variable| variable.at.start);
    found.truncate(MOST);
    Ok(found)
}

/// How often each name is given a value, by whatever means.
fn assigned(commands: &str) -> Result<HashMap<String, usize>, regex::Error> {
    let mut counts = HashMap::new();
    let mut count = |name: &str| *counts.entry(name.to_owned()).or_insert(0) += 1;
    for found in Regex::new(r"([A-Za-z_]\w*)(?:\[[^\]\n]*\])?\+?=")?.captures_iter(commands) {
        count(&found[1]);
    }
    for found in Regex::new(r"\b(?:for|select)\s+([A-Za-z_]\w*)|\(\(\s*([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*):?[=]")?
        .captures_iter(commands)
    {
        found.iter().skip(1).flatten().for_each(|name| count(name.as_str()));
    }
    // All words of those that set what they name.
    let setters =
        Regex::new(r"\b(?:read|mapfile|readarray|getopts|unset|printf\s+-v|declare|local|typeset|let)\b([^\n;|&<>]*)")?;
    let word = Regex::new(r"[A-Za-z_]\w*")?;
    for found in setters.captures_iter(commands) {
        word.find_iter(&found[1]).for_each(|name| count(name.as_str()));
    }
    Ok(counts)
}

/// `NAME=value` in the first column, with a plain value, and never set again.
fn set_once(commands: &str, assigned: &HashMap<String, usize>) -> Result<Vec<Found>, regex::Error> {
    let line = Regex::new(
        r#"(?m)^(?:export[ \t]+)?([A-Za-z_]\w*)=('[^'\n]*'|"[^"$`\\!\n]*"|[A-Za-z0-9_./:@%+,=^-]+)[ \t]*(?:#[^\n]*)?$"#,
    )?;
    let once = line.captures_iter(commands).filter(|found| {
        // An unquoted value may hold "=", and what stands before it then looks like a name.
        let inner = found[2].matches('=').count();
        assigned.get(&found[1]).is_some_and(|count| *count <= 1 + inner) && !is_from_elsewhere(&found[1])
    });
    let quotes: &[char] = &['\'', '"'];
    Ok(once
        .filter_map(|found| {
            let value = found.get(2)?;
            let plain = value.as_str().trim_matches(quotes).to_owned();
            Some(Found { name: found[1].to_owned(), value: Some(plain), at: value.range() })
        })
        .collect())
}

/// Used, and set by nothing here.
fn never_set(commands: &str, assigned: &HashMap<String, usize>) -> Result<Vec<Found>, regex::Error> {
    // In single quotes and comments it means nothing to the shell: awk's `$NF`.
    let mute = Regex::new(r"(?m)'[^'\n]*'|(?:^|[ \t])#[^\n]*")?;
    let spoken = mute.replace_all(commands, |found: &regex::Captures<'_>| " ".repeat(found[0].len()));
    let mut first: BTreeMap<String, Range<usize>> = BTreeMap::new();
    for found in Regex::new(r"\$(?:\{[#!]?)?([A-Za-z_]\w*)")?.captures_iter(&spoken) {
        let name = found[1].to_owned();
        if let Some(whole) = found.get(0).filter(|_| !assigned.contains_key(&name) && !is_from_elsewhere(&name)) {
            first.entry(name).or_insert(whole.range());
        }
    }
    // `${NAME:-otherwise}` says itself what it is without.
    let defaulted: BTreeSet<String> =
        Regex::new(r"\$\{([A-Za-z_]\w*):?[-+?]")?.captures_iter(&spoken).map(|found| found[1].to_owned()).collect();
    let unset = first.into_iter().filter(|(name, _)| !defaulted.contains(name));
    Ok(unset.map(|(name, at)| Found { name, value: None, at }).collect())
}

fn is_from_elsewhere(name: &str) -> bool {
    FROM_ELSEWHERE.contains(&name) || BEGIN_ELSEWHERE.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(commands: &str) -> Vec<(String, Option<String>)> {
        find(commands).unwrap().into_iter().map(|found| (found.name, found.value)).collect()
    }

    fn set(name: &str, value: &str) -> (String, Option<String>) {
        (name.to_owned(), Some(value.to_owned()))
    }

    #[test]
    fn what_is_set_once_and_plainly_is_offered() {
        let found = names(
            "INPUT=data/in.txt   # the file\nexport STEPS='100'\nNAME=\"two words\"\nMODE=a=b\nDIR=$HOME/x\nTWICE=1\nTWICE=2\n  INNER=1\n\
             for i in 1 2; do echo $i $INPUT; done\n",
        );
        assert_eq!(
            found,
            [set("INPUT", "data/in.txt"), set("STEPS", "100"), set("NAME", "two words"), set("MODE", "a=b")]
        );
    }

    #[test]
    fn what_comes_from_outside_is_offered_without_a_value() {
        let found = names(
            "cd $SLURM_SUBMIT_DIR; awk '{print $NF}' ${CASE} # $COMMENT\nread -r line <<<x; echo $line ${OTHER:-x} $HOME ${#CASE}\n",
        );
        assert_eq!(found, [("CASE".to_owned(), None)]);
    }
}
