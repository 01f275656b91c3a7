//! What an image needs of the node that it runs on, as its labels, its environment and its definition let on. Its
//! author's own word counts first: a label `org.quarterdeck.gpu` (`nvidia`, `amd` or `none`), and `org.quarterdeck.mpi`
//! (`yes` or `no`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

const GPU_LABEL: &str = "org.quarterdeck.gpu";
const MPI_LABEL: &str = "org.quarterdeck.mpi";

/// Variables that images made for a vendor's GPUs set, those of NVIDIA's and AMD's own base images among them.
const NVIDIA_VARIABLES: [&str; 4] = ["CUDA_VERSION", "CUDA_HOME", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_REQUIRE_CUDA"];
const AMD_VARIABLES: [&str; 3] = ["ROCM_PATH", "ROCM_VERSION", "HIP_PATH"];
const MPI_VARIABLES: [&str; 6] = ["MPI_HOME", "MPI_DIR", "MPI_ROOT", "I_MPI_ROOT", "OPAL_PREFIX", "MPICH_DIR"];
/// With these `NVIDIA_VISIBLE_DEVICES` says that no GPU is wanted.
const NO_DEVICES: [&str; 3] = ["", "void", "none"];

/// Parts of the names of packages and base images in a definition.
const NVIDIA_WORDS: [&str; 3] = ["nvidia/cuda", "nvcr.io/", "cuda-toolkit"];
const AMD_WORDS: [&str; 2] = ["rocm/", "rocm-dev"];
const MPI_WORDS: [&str; 4] = ["openmpi", "mpich", "mvapich", "intel-mpi"];
const DISPLAY_WORDS: [&str; 8] = ["tigervnc", "turbovnc", "novnc", "vncserver", "xorg", "xfce4", "virtualgl", "xpra"];

/// Something that the node must have, or that is to be done there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    NvidiaGpu,
    AmdGpu,
    Mpi,
    /// Its programs open windows.
    Display,
}

/// `inspect`: the document that `apptainer inspect --json --all` prints.
pub(super) fn needs(labels: &BTreeMap<String, String>, inspect: &Value, definition: Option<&str>) -> Vec<Need> {
    let variables = variables(inspect);
    let definition = without_comments(definition.unwrap_or_default());
    let sets = |known: &[&str]| known.iter().any(|name| variables.contains_key(name));
    let names = |words: &[&str]| words.iter().any(|word| definition.contains(word));

    let mut needs = BTreeSet::new();
    match label(labels, GPU_LABEL).as_deref() {
        Some("nvidia") => drop(needs.insert(Need::NvidiaGpu)),
        Some("amd") => drop(needs.insert(Need::AmdGpu)),
        Some("none") => {}
        _ => {
            let devices = variables.get("NVIDIA_VISIBLE_DEVICES");
            let wants_none = devices.is_some_and(|devices| NO_DEVICES.contains(devices));
            if !wants_none && (sets(&NVIDIA_VARIABLES) || names(&NVIDIA_WORDS)) {
                needs.insert(Need::NvidiaGpu);
            }
            if sets(&AMD_VARIABLES) || names(&AMD_WORDS) {
                needs.insert(Need::AmdGpu);
            }
        }
    }
    match label(labels, MPI_LABEL).as_deref() {
        Some("yes") => drop(needs.insert(Need::Mpi)),
        Some("no") => {}
        _ if sets(&MPI_VARIABLES) || names(&MPI_WORDS) => drop(needs.insert(Need::Mpi)),
        _ => {}
    }
    if names(&DISPLAY_WORDS) {
        needs.insert(Need::Display);
    }
    needs.into_iter().collect()
}

fn label(labels: &BTreeMap<String, String>, key: &str) -> Option<String> {
    labels.get(key).map(|word| word.trim().to_ascii_lowercase())
}

/// The variables that the image's environment scripts set.
fn variables(inspect: &Value) -> BTreeMap<&str, &str> {
    let scripts = inspect.pointer("/data/attributes/environment").and_then(Value::as_object);
    let lines = scripts.into_iter().flat_map(|scripts| scripts.values()).filter_map(Value::as_str).flat_map(str::lines);
    let assignments = lines.filter_map(|line| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        Some((name.trim(), value.trim().trim_matches(['"', '\''])))
    });
    // `export NAME="${NAME:-"value"}"` is how Apptainer writes what came from an OCI image.
    assignments.map(|(name, value)| (name, default_of(name, value))).collect()
}

fn default_of<'a>(name: &str, value: &'a str) -> &'a str {
    let rest = value.strip_prefix("${").and_then(|rest| rest.strip_prefix(name)?.strip_prefix(":-"));
    rest.map_or(value, |rest| rest.trim_end_matches('}').trim_matches(['"', '\'']))
}

fn without_comments(definition: &str) -> String {
    let lines = definition.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn of(label: &[(&str, &str)], environment: &str, definition: &str) -> Vec<Need> {
        let labels = label.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let environment = json!({"/.singularity.d/env/10-docker2singularity.sh": environment});
        let inspect = json!({"data": {"attributes": {"environment": environment}}});
        needs(&labels, &inspect, Some(definition))
    }

    #[rstest]
    #[case("export CUDA_VERSION=\"${CUDA_VERSION:-\"12.4.1\"}\"", "", &[Need::NvidiaGpu])]
    #[case("export NVIDIA_VISIBLE_DEVICES=\"${NVIDIA_VISIBLE_DEVICES:-\"void\"}\"", "", &[])]
    #[case("export ROCM_PATH=/opt/rocm", "", &[Need::AmdGpu])]
    #[case("", "Bootstrap: docker\nFrom: nvidia/cuda:12.4.1-devel", &[Need::NvidiaGpu])]
    #[case("", "%post\n    apt-get install -y libopenmpi-dev tigervnc-standalone-server", &[Need::Mpi, Need::Display])]
    #[case("", "%post\n    # apt-get install -y openmpi-bin, some day", &[])]
    #[case("export PATH=/opt/cuda/bin:$PATH", "", &[])]
    fn tells_by_environment_and_definition(
        #[case] environment: &str,
        #[case] definition: &str,
        #[case] expected: &[Need],
    ) {
        assert_eq!(of(&[], environment, definition), expected);
    }

    #[test]
    fn the_authors_word_counts_first() {
        let cuda = "export CUDA_VERSION=12";
        assert_eq!(of(&[("org.quarterdeck.gpu", "none")], cuda, ""), []);
        assert_eq!(of(&[("org.quarterdeck.gpu", "AMD")], cuda, ""), [Need::AmdGpu]);
        assert_eq!(of(&[("org.quarterdeck.mpi", "no")], "export MPI_HOME=/x", ""), []);
        assert_eq!(of(&[("org.quarterdeck.mpi", "yes")], "", ""), [Need::Mpi]);
    }
}
