//! A job finds what its owner's login shell would have: functions and variables of `/etc/profile.d`, inside `srun` too.
//! Nothing of the server's own environment is in it.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use crate::support::{Site, unique};

/// A file of `/etc/profile.d`, removed again whatever happens.
struct Profile(PathBuf);

impl Profile {
    fn write(name: &str, text: &str) -> Profile {
        let path = PathBuf::from(format!("/etc/profile.d/{name}.sh"));
        fs::write(&path, text).unwrap();
        Profile(path)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[tokio::test]
async fn the_login_shells_functions_and_variables_reach_the_job_and_its_steps() {
    let Some(site) = Site::multi_user().await else { return };
    let alice = site.client("alice").await;
    let tag = unique("qd-it").replace('-', "_");
    // As environment modules do it: `module` is a function that the profile exports.
    let function = format!("{tag}_module() {{ echo \"$1 {tag}-loaded\"; }}\n");
    let text = format!("{function}export -f {tag}_module\nexport {tag}_HOME='/opt/{tag} with spaces'\n");
    let _profile = Profile::write(&tag, &text);
    let script = format!(
        "#!/bin/bash -l\n{tag}_module batch\nsrun --ntasks=1 bash -c '{tag}_module step; echo \"${tag}_HOME\"; echo \"$MINE\"'\n"
    );
    let job = json!({"name": unique("profile"), "script": script, "environment": {"MINE": "exported by the form"}});
    let row = alice.submit("slurm", &job).await;
    let id = row["id"].as_str().unwrap();
    alice.wait_for("slurm", id, &["COMPLETED", "FAILED"]).await;
    let output = alice.output("slurm", id).await;
    let expected = format!("batch {tag}-loaded\nstep {tag}-loaded\n/opt/{tag} with spaces\nexported by the form\n");
    assert_eq!(output, expected);
}

#[tokio::test]
async fn nothing_of_the_servers_environment_is_in_the_job() {
    let Some(mut site) = Site::multi_user().await else { return };
    site.kill_server();
    site.start_server(&[("QD_TEST_SECRET", "of the server"), ("LD_LIBRARY_PATH", "/opt/of-the-server")]).await;
    let alice = site.client("alice").await;
    let script = "#!/bin/bash\nenv -0 > batch\nsrun --ntasks=1 env -0 > step\n";
    let row = alice.submit("slurm", &json!({"name": unique("environment"), "script": script})).await;
    let job = alice.wait_for("slurm", row["id"].as_str().unwrap(), &["COMPLETED", "FAILED"]).await;
    assert_eq!(job["state"], "COMPLETED");
    let directory = PathBuf::from(job["working_directory"].as_str().unwrap());
    for name in ["batch", "step"] {
        let text = String::from_utf8(fs::read(directory.join(name)).unwrap()).unwrap();
        let variables: Vec<(&str, &str)> =
            text.split_terminator('\0').filter_map(|line| line.split_once('=')).collect();
        for (variable, value) in &variables {
            let of_slurm = variable.starts_with("SLURM") || variable.starts_with("SRUN") || variable.starts_with("PMI");
            let of_account = ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"];
            let of_the_node = ["HOSTNAME", "TMPDIR", "ENVIRONMENT", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL"];
            // Since 24.11 Slurm tells launchers of MPI how to start on its nodes.
            let of_mpi = ["HYDRA_", "I_MPI_HYDRA_", "OMPI_MCA_", "PRTE_MCA_"].iter().any(|of| variable.starts_with(of));
            let expected = of_slurm || of_mpi || of_account.contains(variable) || of_the_node.contains(variable);
            assert!(expected, "{name}: {variable}={value}");
        }
        let value = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        assert_eq!((value("USER"), value("HOME")), (Some("alice"), Some("/home/alice")));
    }
}
