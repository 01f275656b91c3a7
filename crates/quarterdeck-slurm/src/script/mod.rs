//! Batch scripts: reading the `#SBATCH` directives that sbatch would read, and writing a script from what a person
//! chose, so that nothing she typed becomes anything but a value.

mod compose;
mod directive;
mod options;
pub mod places;
mod quote;
mod rows;
mod split;

use thiserror::Error;

pub use compose::{Gpus, Resources, Submission, compose};
pub use directive::Directive;
pub use quote::quote;
pub use rows::{Row, Rows};
pub use split::Split;

use crate::notation::{parse_memory, parse_time_limit};

/// Why sbatch would refuse a script, or a value cannot stand in one. Lines count from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScriptError {
    #[error("the script must begin with #! and an interpreter: write #!/bin/bash -l as its first line")]
    NoInterpreter,
    #[error("line {line} ends as on Windows (CR LF), which Slurm refuses: save the script with Unix line ends")]
    DosLineEnd { line: usize },
    #[error("the script holds a NUL character: remove it")]
    Nul,
    #[error("line {line} opens a quote that it does not close: close it on the same line")]
    OpenQuote { line: usize },
    #[error(
        "line {line} has a backslash before a space, which Slurm's versions read differently: put the value in quotes"
    )]
    BackslashBeforeSpace { line: usize },
    #[error("line {line} holds \"{word}\", which is not an option: write --name=value")]
    NotAnOption { line: usize, word: String },
    #[error("line {line} gives --{option} no value: write --{option}=value")]
    NoValue { line: usize, option: String },
    #[error("--{option} is \"{value}\" in the script: {help}")]
    BadValue { option: &'static str, value: String, help: &'static str },
    #[error("the {field} holds a line end or another control character: remove it")]
    ControlCharacter { field: &'static str },
    #[error("\"{value}\" cannot be a {field}: {help}")]
    BadWord { field: &'static str, value: String, help: &'static str },
    #[error("\"{0}\" cannot be a variable's name: use letters, digits and _, and no digit first")]
    BadVariable(String),
    #[error(
        "variables and files reach scripts of sh, bash, dash, ksh and zsh alone, not of \"{interpreter}\": begin with #!/bin/bash -l"
    )]
    NotAShell { interpreter: String },
}

impl ScriptError {
    /// A word for what is wrong, which pages have sentences for.
    pub fn code(&self) -> &'static str {
        match self {
            ScriptError::NoInterpreter => "no-interpreter",
            ScriptError::DosLineEnd { .. } => "dos-line-ends",
            ScriptError::Nul => "nul-in-script",
            ScriptError::OpenQuote { .. } => "open-quote",
            ScriptError::BackslashBeforeSpace { .. } => "backslash-before-space",
            ScriptError::NotAnOption { .. } => "not-an-option",
            ScriptError::NoValue { .. } => "option-without-value",
            ScriptError::BadValue { .. } => "bad-option-value",
            ScriptError::ControlCharacter { .. } => "control-character",
            ScriptError::BadWord { .. } => "bad-word",
            ScriptError::BadVariable(_) => "bad-variable",
            ScriptError::NotAShell { .. } => "not-for-a-shell",
        }
    }
}

/// A script as sbatch understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchScript {
    text: String,
    /// Where the first command begins, in bytes: no directive counts from there on.
    header_end: usize,
    directives: Vec<Directive>,
}

impl BatchScript {
    /// Reads a script by sbatch's rules: directives begin a line, stand before the first command, and the last of two
    /// wins. Options that this version of Quarterdeck does not know are kept.
    pub fn parse(text: &str) -> Result<BatchScript, ScriptError> {
        refuse_what_sbatch_refuses(text)?;
        let mut directives = Vec::new();
        let mut header_end = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let trimmed = line.trim_start();
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                break;
            }
            if let Some(words) = line.strip_prefix(directive::MARK) {
                directives.extend(directive::parse_line(words, index + 1)?);
            }
            header_end += line.len();
        }
        Ok(BatchScript { text: text.to_owned(), header_end, directives })
    }

    /// A whole script, or commands for a login shell, which knows `module` and what else a site's profile defines.
    pub fn of_commands(commands: &str) -> Result<BatchScript, ScriptError> {
        match commands.starts_with("#!") {
            true => BatchScript::parse(commands),
            false => BatchScript::parse(&format!("#!/bin/bash -l\n{commands}")),
        }
    }

    /// Whether a shell reads it that takes [`quote`]'s words as bash does.
    pub fn is_for_a_shell(&self) -> bool {
        compose::require_shell(self.text.lines().next().unwrap_or_default()).is_ok()
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// All directives in their order, those after `hetjob` too.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// The value that counts for an option, given its long name; of a heterogeneous job its first component's.
    /// An option without a value reads as empty.
    pub fn option(&self, name: &str) -> Option<&str> {
        let first_component = self.directives.iter().take_while(|directive| !directive.is_hetjob());
        let last = first_component.filter(|directive| directive.option == name).last()?;
        Some(last.value.as_deref().unwrap_or(""))
    }

    pub fn job_name(&self) -> Option<&str> {
        self.option("job-name")
    }

    /// The pattern for standard output: see [`crate::output_path`].
    pub fn output(&self) -> Option<&str> {
        self.option("output")
    }

    /// The pattern for standard error. `None`: it joins the output.
    pub fn error(&self) -> Option<&str> {
        self.option("error")
    }

    pub fn chdir(&self) -> Option<&str> {
        self.option("chdir")
    }

    pub fn comment(&self) -> Option<&str> {
        self.option("comment")
    }

    /// What the script asks for, as far as [`Resources`] has words for it.
    pub fn resources(&self) -> Result<Resources, ScriptError> {
        let text = |name| self.option(name).map(str::to_owned);
        Ok(Resources {
            partition: text("partition"),
            account: text("account"),
            qos: text("qos"),
            nodes: self.count("nodes")?,
            tasks: self.count("ntasks")?,
            cpus_per_task: self.count("cpus-per-task")?,
            memory_mib: self.memory()?,
            gpus: self.gpus()?,
            gres: None,
            features: text("constraint"),
            licenses: text("licenses"),
            reservation: text("reservation"),
            time_limit_minutes: self.time_limit()?.flatten(),
            array: text("array"),
        })
    }

    /// The outer `None`: nothing said; the inner one: unlimited.
    pub fn time_limit(&self) -> Result<Option<Option<u32>>, ScriptError> {
        let help = "write minutes, hours:minutes:seconds or days-hours";
        self.read("time", help, |value| parse_time_limit(value).ok())
    }

    /// Of a range the least, which is what the job certainly gets.
    fn count(&self, option: &'static str) -> Result<Option<u32>, ScriptError> {
        self.read(option, "write a number", |value| crate::notation::parse_count(value).ok())
    }

    fn memory(&self) -> Result<Option<u64>, ScriptError> {
        let help = "write a number with K, M, G or T behind it";
        let memory = self.read("mem", help, |value| parse_memory(value).ok())?;
        Ok(memory.flatten().map(|memory| memory.mib))
    }

    /// Of each node, whichever option says it.
    fn gpus(&self) -> Result<Option<Gpus>, ScriptError> {
        for option in ["gres", "gpus-per-node", "gpus"] {
            let gpus = self.read(option, "write type:count or a count", |value| Gpus::parse(option, value))?;
            if let Some(Some(gpus)) = gpus {
                return Ok(Some(gpus));
            }
        }
        Ok(None)
    }

    fn read<T>(
        &self,
        option: &'static str,
        help: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ScriptError> {
        let Some(value) = self.option(option) else { return Ok(None) };
        let bad = || ScriptError::BadValue { option, value: value.to_owned(), help };
        parse(value).map(Some).ok_or_else(bad)
    }
}

fn refuse_what_sbatch_refuses(text: &str) -> Result<(), ScriptError> {
    if !text.starts_with("#!") {
        return Err(ScriptError::NoInterpreter);
    }
    if text.contains('\0') {
        return Err(ScriptError::Nul);
    }
    match text.find("\r\n") {
        Some(at) => Err(ScriptError::DosLineEnd { line: text[..at].matches('\n').count() + 1 }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn name_of(header: &str) -> Option<String> {
        let script = BatchScript::parse(&format!("#!/bin/bash\n{header}\ntrue\n")).unwrap();
        script.job_name().map(str::to_owned)
    }

    /// Each line was given to sbatch 22.05, and this is the name it made of it.
    #[rstest]
    #[case(r#"#SBATCH --job-name="a b""#, "a b")]
    #[case(r#"#SBATCH --job-name="a#b""#, "a#b")]
    #[case("#SBATCH --job-name=a#b", "a")]
    #[case(r"#SBATCH --job-name=a\#b", "a#b")]
    #[case(r#"#SBATCH --job-name="a\"b""#, "a\"b")]
    #[case(r"#SBATCH --job-name='a\'b'", "a'b")]
    #[case(r"#SBATCH --job-name='a\b'", "ab")]
    #[case(r#"#SBATCH --job-name="a\\b""#, r"a\b")]
    #[case(r#"#SBATCH -J a"b c"d"#, "ab cd")]
    #[case("#SBATCH -Jabc", "abc")]
    #[case("#SBATCH --job=abbrev", "abbrev")]
    #[case(r#"#SBATCH --job-name="$HOME`id`$(id)""#, "$HOME`id`$(id)")]
    #[case("#SBATCH --job-name=", "")]
    #[case("#SBATCH-J glued", "glued")]
    #[case("\n#SBATCH -J after-empty", "after-empty")]
    #[case("  # note\n#SBATCH -J after-comment", "after-comment")]
    #[case("#SBATCH -J one\n#SBATCH -J two", "two")]
    #[case("#SBATCH -J one # -J two", "one")]
    #[case("#SBATCH -HJ bundled", "bundled")]
    #[case("#SBATCH -J -x", "-x")]
    #[case("#SBATCH --job-name=한국어", "한국어")]
    #[case(r"#SBATCH --job-name=tail\", "tail")]
    #[case("#SBATCH --job-name='it''s'", "its")]
    #[case(r#"#SBATCH -J "my hetjob""#, "my hetjob")]
    fn reads_directives_as_sbatch_does(#[case] header: &str, #[case] name: &str) {
        assert_eq!(name_of(header).as_deref(), Some(name));
    }

    #[rstest]
    fn what_sbatch_overlooks_is_no_directive(
        #[values(" #SBATCH -J x", "# SBATCH -J x", "true\n#SBATCH -J x", "#sbatch -J x")] header: &str,
    ) {
        assert_eq!(name_of(header), None);
    }

    #[test]
    fn says_at_which_line_sbatch_would_stop() {
        let error = |text: &str| BatchScript::parse(text).unwrap_err();
        assert_eq!(error("echo\n"), ScriptError::NoInterpreter);
        assert_eq!(error(""), ScriptError::NoInterpreter);
        assert_eq!(error("#!/bin/sh\necho\r\n"), ScriptError::DosLineEnd { line: 2 });
        assert_eq!(error("#!/bin/sh\n\n#SBATCH -J \"x\n"), ScriptError::OpenQuote { line: 3 });
        // 22.05 stops at the "b"; to 24.11 the name is "a b".
        assert_eq!(error("#!/bin/sh\n#SBATCH --job-name=a\\ b\n"), ScriptError::BackslashBeforeSpace { line: 2 });
        assert_eq!(error("#!/bin/sh\n#SBATCH -p\n"), ScriptError::NoValue { line: 2, option: "partition".to_owned() });
    }

    #[test]
    fn reads_what_a_script_asks_for() {
        let script = BatchScript::parse(
            "#!/bin/bash -l\n#SBATCH -p gpu -A physics --qos=high\n#SBATCH -N 2-4 -n 8 -c2 --mem=4G -t 1-12\n\
             #SBATCH --gres=shard:1,gpu:a100:2 --array=0-9%2 -D /scratch --some-new-option=7\n#SBATCH -o out-%j -e err\nsrun x\n",
        )
        .unwrap();
        let resources = Resources {
            partition: Some("gpu".to_owned()),
            account: Some("physics".to_owned()),
            qos: Some("high".to_owned()),
            nodes: Some(2),
            tasks: Some(8),
            cpus_per_task: Some(2),
            memory_mib: Some(4096),
            gpus: Some(Gpus { kind: Some("a100".to_owned()), count: 2 }),
            time_limit_minutes: Some(2160),
            array: Some("0-9%2".to_owned()),
            ..Resources::default()
        };
        assert_eq!(script.resources().unwrap(), resources);
        assert_eq!((script.output(), script.error(), script.chdir()), (Some("out-%j"), Some("err"), Some("/scratch")));
        assert_eq!(script.option("some-new-option"), Some("7"));
    }

    #[test]
    fn a_value_it_cannot_read_is_named() {
        let script = BatchScript::parse("#!/bin/bash\n#SBATCH --time=soon\n").unwrap();
        assert!(matches!(script.resources(), Err(ScriptError::BadValue { option: "time", .. })));
    }

    #[test]
    fn a_second_component_does_not_speak_for_the_first() {
        let script = BatchScript::parse("#!/bin/bash\n#SBATCH -c 1\n#SBATCH hetjob\n#SBATCH -c 8\n").unwrap();
        assert_eq!(script.option("cpus-per-task"), Some("1"));
    }
}
