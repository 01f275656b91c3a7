//! What Slurm's commands say against what they were asked.

use quarterdeck_types::agent::ProgramResult;

/// Why a command did not do what it was asked, if so. Its exit status does not tell: scancel exits 0 for some failures
/// and says so on standard error alone (seen on 22.05).
pub fn refusal(result: &ProgramResult) -> Option<String> {
    let complaint = complaint(result);
    (result.exit_code != Some(0) || !complaint.is_empty()).then_some(complaint)
}

/// What a command complained of.
pub fn complaint(result: &ProgramResult) -> String {
    without_prefixes(&result.stderr)
}

/// A command's words, without what tells which command it was: `sbatch: error: `, `slurm_update error: `.
pub fn without_prefixes(words: &str) -> String {
    let lines = words.lines().map(|line| {
        let line = line.trim();
        let own_name = |name: &str| !name.contains(' ');
        line.split_once(" error: ").filter(|(name, _)| own_name(name)).map_or(line, |(_, text)| text)
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("sbatch: error: Batch job submission failed: No", "Batch job submission failed: No")]
    #[case("slurm_update error: Invalid user id\n", "Invalid user id")]
    #[case(
        "scontrol: error: RebootProgram isn't defined\nscontrol_reboot_nodes error: No\n",
        "RebootProgram isn't defined No"
    )]
    #[case("Access/permission denied for job 5\n", "Access/permission denied for job 5")]
    #[case("there was an error: really", "there was an error: really")]
    fn the_commands_name_is_dropped(#[case] words: &str, #[case] kept: &str) {
        assert_eq!(without_prefixes(words), kept);
    }

    #[test]
    fn an_exit_status_of_0_is_no_success_where_there_is_a_complaint() {
        let result =
            |exit_code, stderr: &str| ProgramResult { exit_code, stdout: String::new(), stderr: stderr.into() };
        assert_eq!(refusal(&result(Some(0), "")), None);
        assert_eq!(refusal(&result(Some(0), "scancel: error: No")), Some("No".to_owned()));
        assert_eq!(refusal(&result(Some(1), "")), Some(String::new()));
        assert_eq!(refusal(&result(None, "killed")), Some("killed".to_owned()));
    }
}
