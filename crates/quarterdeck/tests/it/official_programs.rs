//! Official templates for programs that no test machine has, which small scripts play here: values reach them byte for
//! byte, what is missing is said, and exit codes are kept.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::bytes::{LINES, beneath, read};
use crate::support::{Client, Site, unique};

const ENDS: [&str; 2] = ["COMPLETED", "FAILED"];
/// Anything that executes one of the texts leaves it behind.
const CANARY: &str = "canary";
const HOSTILE_NAME: &str = "it's a $(touch canary) `touch canary` \"프로그램\"";

/// Writes down how it is called: its name, the number of its arguments, and these. `SAYS_<name>` is what it prints and
/// `ENDS_<name>` its exit code; what `-o` names it makes, so that it can be a compiler.
const PROGRAM: &str = r#"#!/bin/bash
name=${0##*/}
printf '%s\0' "$name" "$#" "$@" >> "$CALLS"
letters=${name//[^A-Za-z0-9]/_}
says=SAYS_$letters ends=ENDS_$letters
printf '%s' "${!says:-}"
while (( $# > 1 )); do
  if [[ $1 == -o && $name != mapdl ]]; then cp "$0" "$2"; fi
  shift
done
exit "${!ends:-0}"
"#;

#[tokio::test]
async fn what_is_typed_reaches_the_programs_byte_for_byte() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let programs = Programs::new(&site);
    let lines = LINES.join("\n");
    let environment = programs.python_environment(HOSTILE_NAME);
    let scratch = site.path("home").join(HOSTILE_NAME).display().to_string();
    let values: Vec<String> = LINES.iter().enumerate().map(|(i, line)| format!("v{i}={line}")).collect();
    let archive = case(&[&format!("{HOSTILE_NAME}/system/controlDict")]);
    let own = format!("./{HOSTILE_NAME}");
    let with_lines = |before: &[&str], after: &[&str]| -> Vec<String> {
        before.iter().chain(&LINES).chain(after).map(|word| (*word).to_owned()).collect()
    };

    // Template, parameters, variables, files, and the calls that must be among those that were made.
    type Case<'a> = (&'a str, Value, Value, Vec<(&'a str, &'a [u8])>, Vec<Vec<String>>);
    let cases: Vec<Case> = vec![
        (
            "openmp",
            json!({"program": HOSTILE_NAME, "arguments": lines}),
            json!({}),
            vec![(HOSTILE_NAME, PROGRAM.as_bytes())],
            vec![with_lines(&[HOSTILE_NAME], &[])],
        ),
        (
            "openmp",
            json!({"program": "-a $(touch canary).c", "compiler_options": lines, "arguments": lines}),
            json!({}),
            vec![("-a $(touch canary).c", b"int main;")],
            vec![
                with_lines(&["gcc", "-fopenmp", "-o", "./compiled-program", "./-a $(touch canary).c"], &[]),
                with_lines(&["compiled-program"], &[]),
            ],
        ),
        (
            "mpi",
            json!({"program": HOSTILE_NAME, "arguments": lines}),
            json!({"SLURM_NTASKS": "3", "SLURM_CPUS_PER_TASK": "2"}),
            vec![(HOSTILE_NAME, PROGRAM.as_bytes())],
            vec![with_lines(&["mpirun", "-np", "3", &own], &[])],
        ),
        (
            "mpi",
            json!({"program": HOSTILE_NAME, "arguments": lines, "launcher": "srun", "interface": "pmix"}),
            json!({"SLURM_NTASKS": "3"}),
            vec![(HOSTILE_NAME, PROGRAM.as_bytes())],
            vec![with_lines(&["srun", "--ntasks=3", "--mpi=pmix", &own], &[])],
        ),
        (
            "python-script",
            json!({"arguments": lines, "environment": environment}),
            json!({}),
            vec![("script.py", b""), ("requirements.txt", b"")],
            vec![with_lines(&["python3", "script.py"], &[])],
        ),
        (
            "jupyter-notebook",
            json!({"values": values.join("\n"), "kernel": "python3", "cell_minutes": 2}),
            json!({}),
            vec![("notebook.ipynb", b"{}")],
            vec![{
                let options = ["papermill", "notebook.ipynb", "executed.ipynb", "--no-progress-bar", "--log-output"];
                let further = ["--kernel", "python3", "--execution-timeout", "120"];
                let mut call: Vec<String> = options.iter().chain(&further).map(|word| (*word).to_owned()).collect();
                for (i, line) in LINES.iter().enumerate() {
                    call.extend(["-p".to_owned(), format!("v{i}"), (*line).to_owned()]);
                }
                call
            }],
        ),
        (
            "pytorch",
            json!({"arguments": lines, "environment": environment}),
            json!({"SLURM_GPUS_ON_NODE": "2"}),
            vec![("train.py", b"")],
            vec![with_lines(&["torchrun", "--standalone", "--nproc_per_node=2", "--max_restarts=0", "train.py"], &[])],
        ),
        (
            "pytorch",
            json!({"arguments": lines, "processes": 4, "restarts": 3}),
            json!({"SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_ID": "20007",
                "SAYS_scontrol": "n1\nn2\n"}),
            vec![("train.py", b"")],
            vec![with_lines(
                &[
                    "srun",
                    "--nodes=2",
                    "--ntasks=2",
                    "--ntasks-per-node=1",
                    "--kill-on-bad-exit=1",
                    "torchrun",
                    "--nproc_per_node=4",
                    "--max_restarts=3",
                    "--nnodes=2",
                    "--rdzv_id=20007",
                    "--rdzv_backend=c10d",
                    "--rdzv_endpoint=n1:20007",
                    "train.py",
                ],
                &[],
            )],
        ),
        (
            "tensorflow",
            json!({"arguments": lines}),
            json!({}),
            vec![("train.py", b"")],
            vec![with_lines(&["python3", "train.py"], &[])],
        ),
        (
            "gromacs",
            json!({"options": lines, "gpu": "gpu", "steps": 500, "output": "run1"}),
            json!({"SLURM_NTASKS": "2", "SLURM_CPUS_PER_TASK": "3"}),
            vec![("conf.gro", b""), ("topol.top", b""), ("grompp.mdp", b""), ("state.cpt", b"")],
            vec![
                "gmx grompp -f grompp.mdp -c conf.gro -r conf.gro -p topol.top -o topol.tpr -maxwarn 0"
                    .split(' ')
                    .map(str::to_owned)
                    .collect(),
                with_lines(
                    &[
                        "gmx",
                        "mdrun",
                        "-s",
                        "topol.tpr",
                        "-deffnm",
                        "run1",
                        "-cpi",
                        "state.cpt",
                        "-noappend",
                        "-nb",
                        "gpu",
                        "-nsteps",
                        "500",
                        "-ntmpi",
                        "2",
                        "-ntomp",
                        "3",
                    ],
                    &[],
                ),
            ],
        ),
        (
            "openfoam",
            json!({"options": lines, "mesh": "snappyHexMesh", "reconstruct": "all"}),
            json!({"SLURM_NTASKS": "2", "SAYS_foamDictionary": "simpleFoam"}),
            vec![("case.tar.gz", &archive)],
            vec![
                vec!["blockMesh".to_owned()],
                vec!["snappyHexMesh".to_owned(), "-overwrite".to_owned()],
                vec!["checkMesh".to_owned()],
                vec!["decomposePar".to_owned(), "-force".to_owned()],
                with_lines(&["mpirun", "-np", "2", "simpleFoam", "-parallel"], &[]),
                vec!["reconstructPar".to_owned()],
            ],
        ),
        (
            "fluent",
            json!({"options": lines, "dimension": "2d"}),
            json!({"SLURM_NTASKS": "2"}),
            vec![("journal.jou", b"/exit yes\n")],
            vec![with_lines(&["fluent", "2d", "-g", "-t2", "-i", "journal.jou"], &[])],
        ),
        (
            "abaqus",
            json!({"options": lines, "scratch": scratch, "precision": "both", "license_minutes": 5}),
            json!({"SLURM_NTASKS": "1", "SLURM_CPUS_PER_TASK": "4", "SLURM_MEM_PER_NODE": "1000"}),
            vec![("model.inp", b""), ("user.f", b"")],
            vec![with_lines(
                &[
                    "abaqus",
                    "job=analysis",
                    "input=model.inp",
                    "cpus=4",
                    "mp_mode=mpi",
                    "interactive",
                    "ask_delete=OFF",
                    "user=user.f",
                    "double=both",
                    "memory=850 mb",
                    &format!("scratch={scratch}"),
                ],
                &[],
            )],
        ),
        (
            "ansys-mechanical",
            json!({"options": lines, "memory": 1024, "product": "ansys"}),
            json!({"SLURM_NTASKS": "4", "SLURM_CPUS_PER_TASK": "1", "SLURM_JOB_NUM_NODES": "2",
                "SAYS_srun": "n1\nn1\nn2\nn2\n"}),
            vec![("input.dat", b"")],
            vec![with_lines(
                &[
                    "mapdl",
                    "-b",
                    "-j",
                    "file",
                    "-i",
                    "input.dat",
                    "-o",
                    "output.out",
                    "-np",
                    "4",
                    "-dis",
                    "-machines",
                    "n1:2:n2:2",
                    "-m",
                    "1024",
                    "-p",
                    "ansys",
                ],
                &[],
            )],
        ),
        (
            "ls-dyna",
            json!({"options": lines, "memory2": 50}),
            json!({"SLURM_NTASKS": "2", "SAYS_mpirun": "N o r m a l    t e r m i n a t i o n\n"}),
            vec![("main.k", b""), ("pfile", b"")],
            vec![with_lines(
                &["mpirun", "-np", "2", "ls-dyna_mpp", "i=main.k", "memory=200m", "memory2=50m", "p=pfile"],
                &[],
            )],
        ),
        (
            "ls-dyna",
            json!({"options": lines, "kind": "smp", "restart": "d3dump01"}),
            json!({"SLURM_NTASKS": "2", "SLURM_CPUS_PER_TASK": "1", "SAYS_ls_dyna_mpp": "N o r m a l    t e r m i n a t i o n\n"}),
            vec![("main.k", b""), ("d3dump01", b"")],
            vec![with_lines(&["ls-dyna_mpp", "i=main.k", "memory=200m", "r=d3dump01", "ncpu=-2"], &[])],
        ),
    ];
    for (template, parameters, variables, files, expected) in cases {
        let (job, directory) = programs.run(&client, template, &parameters, &variables, &files).await;
        let output = client.output("local", job["id"].as_str().unwrap()).await;
        assert_eq!(job["state"], "COMPLETED", "{template}: {output}");
        let calls = Programs::calls(&directory);
        for call in expected {
            assert!(calls.contains(&call), "{template}\n{call:?} is not among\n{calls:#?}\n{output}");
        }
    }
    let left = beneath(&site.path("home")).into_iter().filter(|path| path.file_name().unwrap() == CANARY);
    assert_eq!(Vec::from_iter(left), Vec::<PathBuf>::new(), "something was executed");
}

#[tokio::test]
async fn what_is_missing_is_said_and_exit_codes_are_kept() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let programs = Programs::new(&site);
    let as_it_is = json!({});
    let nothing = json!({"PATH": "/usr/bin:/bin"});
    let one = case(&["system/controlDict"]);
    let archive = case(&["a/system/controlDict", "b/system/controlDict"]);
    let two = json!({"SLURM_JOB_NUM_NODES": "2"});
    // Template, parameters, variables, files, exit code, and what the output says of it.
    type Case<'a> = (&'a str, Value, &'a Value, Vec<(&'a str, &'a [u8])>, i64, &'a str);
    let ends = |program: &str, code: i64| json!({(format!("ENDS_{program}")): code.to_string()});
    let (mpirun_7, torchrun_7, dyna_7, fluent_7) =
        (ends("mpirun", 7), ends("torchrun", 7), ends("ls_dyna_mpp", 7), ends("fluent", 7));
    let fluent_error = json!({"SAYS_fluent": "Error: no such zone\n"});
    let mapdl_8 = ends("mapdl", 8);
    let cases: Vec<Case> = vec![
        ("openmp", json!({"program": "no-such"}), &nothing, vec![], 127, "no-such is missing here: add it to the job"),
        ("openmp", json!({"program": "false"}), &nothing, vec![], 1, ""),
        (
            "openmp",
            json!({"program": "x.f90", "compiler": "llvm"}),
            &nothing,
            vec![],
            127,
            "The compiler flang is missing",
        ),
        ("mpi", json!({"program": "x.c"}), &nothing, vec![], 127, "mpicc is missing here"),
        ("mpi", json!({"program": "true"}), &mpirun_7, vec![], 7, ""),
        (
            "python-script",
            json!({"environment": "/no/such"}),
            &nothing,
            vec![("script.py", b"")],
            2,
            "no bin/python3 in",
        ),
        (
            "jupyter-notebook",
            json!({"values": "a b=3"}),
            &as_it_is,
            vec![("notebook.ipynb", b"{}")],
            2,
            "\"a b=3\" is no parameter",
        ),
        ("pytorch", json!({}), &nothing, vec![("train.py", b"")], 127, "torchrun is missing here"),
        ("pytorch", json!({}), &torchrun_7, vec![("train.py", b"")], 7, ""),
        ("gromacs", json!({}), &as_it_is, vec![("conf.gro", b"")], 2, "topol.top is missing: add it, or a topol.tpr"),
        ("gromacs", json!({}), &nothing, vec![], 127, "gmx_mpi is missing here"),
        ("openfoam", json!({}), &as_it_is, vec![], 2, "There is no system/controlDict"),
        ("openfoam", json!({}), &as_it_is, vec![("case.tar.gz", &archive)], 2, "The archive holds several cases"),
        ("openfoam", json!({}), &as_it_is, vec![("case.tar.gz", b"no archive")], 2, "could not be unpacked"),
        (
            "openfoam",
            json!({"other_solver": "simpleFoam"}),
            &mpirun_7,
            vec![("case.tar.gz", &one)],
            7,
            "simpleFoam failed",
        ),
        ("fluent", json!({}), &nothing, vec![("journal.jou", b"")], 127, "fluent is missing here"),
        ("fluent", json!({}), &fluent_7, vec![("journal.jou", b"")], 7, "Fluent ended with code 7"),
        ("fluent", json!({}), &fluent_error, vec![("journal.jou", b"")], 1, "Fluent reported an error"),
        ("abaqus", json!({}), &nothing, vec![("model.inp", b"")], 127, "abaqus is missing here"),
        ("abaqus", json!({"parallel": "threads"}), &two, vec![("model.inp", b"")], 2, "reach one node only"),
        ("ansys-mechanical", json!({}), &nothing, vec![("input.dat", b"")], 127, "mapdl is missing here"),
        ("ansys-mechanical", json!({}), &mapdl_8, vec![("input.dat", b"")], 8, "MAPDL did not end well"),
        ("ls-dyna", json!({"kind": "smp"}), &dyna_7, vec![("main.k", b"")], 7, "did not end normally"),
        ("ls-dyna", json!({"kind": "smp"}), &as_it_is, vec![("main.k", b"")], 1, "did not end normally"),
    ];
    for (template, parameters, variables, files, code, says) in cases {
        let (job, _) = programs.run(&client, template, &parameters, variables, &files).await;
        let output = client.output("local", job["id"].as_str().unwrap()).await;
        assert_eq!((&job["state"], &job["exit_code"]), (&json!("FAILED"), &json!(code)), "{template}: {output}");
        assert!(output.contains(says), "{template}: {says:?} is not in {output:?}");
    }
}

#[tokio::test]
async fn modules_are_loaded_where_there_are_any() {
    let site = Site::single_user().await;
    let client = site.client(&site.person()).await;
    let programs = Programs::new(&site);
    let profile = site.path("home").join(".bash_profile");
    let load = async |definition: &str| {
        fs::write(&profile, definition).unwrap();
        let parameters = json!({"program": "true", "modules": "gcc/13.2  openmpi/4.1.6-cuda"});
        let (job, directory) = programs.run(&client, "openmp", &parameters, &json!({}), &[]).await;
        let output = client.output("local", job["id"].as_str().unwrap()).await;
        (job["exit_code"].as_i64().unwrap(), output, Programs::calls(&directory))
    };
    let (code, output, calls) = load("module() { printf '%s\\0' module $# \"$@\" >> \"$CALLS\"; }\n").await;
    assert_eq!((code, output.as_str()), (0, ""));
    assert_eq!(calls, [["module", "load", "gcc/13.2", "openmpi/4.1.6-cuda"].map(str::to_owned)]);
    let (code, output, _) = load("module() { echo \"$UNSET_VARIABLE\"; return 1; }\n").await;
    assert_eq!(code, 1);
    assert!(output.contains("A module could not be loaded: correct gcc/13.2  openmpi/4.1.6-cuda"), "{output}");
    let (code, output, _) = load("unset -f module\n").await;
    assert_eq!(code, 127);
    assert!(output.contains("This node has no module command: leave Modules empty."), "{output}");
}

/// A case of OpenFOAM as people upload it, with an empty file at each of these paths.
fn case(paths: &[&str]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    for path in paths {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let output = Command::new("tar").arg("-C").arg(directory.path()).args(["-czf", "-", "."]).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Programs that only write down how they are called, for jobs of the one-machine queue.
struct Programs<'a> {
    site: &'a Site,
    directory: PathBuf,
}

impl<'a> Programs<'a> {
    const NAMES: [&'static str; 20] = [
        "abaqus",
        "blockMesh",
        "checkMesh",
        "decomposePar",
        "fluent",
        "foamDictionary",
        "gcc",
        "gmx",
        "ifort",
        "jupyter",
        "ls-dyna_mpp",
        "mapdl",
        "mpirun",
        "papermill",
        "python3",
        "reconstructPar",
        "scontrol",
        "simpleFoam",
        "snappyHexMesh",
        "torchrun",
    ];

    fn new(site: &'a Site) -> Programs<'a> {
        let directory = site.path("programs");
        fs::create_dir(&directory).unwrap();
        for name in Programs::NAMES.into_iter().chain(["srun"]) {
            write_program(&directory.join(name));
        }
        Programs { site, directory }
    }

    /// An environment of Python's of this name; answers its path.
    fn python_environment(&self, name: &str) -> String {
        let directory = self.site.path("home").join(name);
        fs::create_dir_all(directory.join("bin")).unwrap();
        write_program(&directory.join("bin/python3"));
        directory.display().to_string()
    }

    /// Runs a job with these programs before those of the machine, unless `variables` set another `PATH`; answers
    /// the job and the file with the calls that it made.
    async fn run(
        &self,
        client: &Client,
        template: &str,
        parameters: &Value,
        variables: &Value,
        files: &[(&str, &[u8])],
    ) -> (Value, PathBuf) {
        let calls = self.site.path("home").join(unique("calls"));
        let mut environment: BTreeMap<String, Value> = BTreeMap::from([
            ("PATH".to_owned(), json!(format!("{}:/usr/bin:/bin", self.directory.display()))),
            ("CALLS".to_owned(), json!(calls)),
        ]);
        environment.extend(variables.as_object().unwrap().clone());
        let mut inputs = Vec::new();
        for (name, bytes) in files {
            inputs.push(json!({"upload": client.upload("any", bytes).await, "as": name}));
        }
        let job = json!({"name": unique(template), "template": template, "parameters": parameters,
            "environment": environment, "files": inputs});
        let job = client.submit("local", &job).await;
        (client.wait_for("local", job["id"].as_str().unwrap(), &ENDS).await, calls)
    }

    /// Each call: the program's name, then its arguments.
    fn calls(file: &Path) -> Vec<Vec<String>> {
        let text = if file.exists() { read(file) } else { String::new() };
        let mut words = text.split_terminator('\0');
        let mut calls = Vec::new();
        while let Some(name) = words.next() {
            let count: usize = words.next().unwrap().parse().unwrap();
            let arguments = words.by_ref().take(count);
            calls.push([name].into_iter().chain(arguments).map(str::to_owned).collect());
        }
        calls
    }
}

fn write_program(path: &Path) {
    fs::write(path, PROGRAM).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}
