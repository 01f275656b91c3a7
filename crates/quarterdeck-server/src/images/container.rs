//! How a job starts an image: Apptainer's arguments, never a shell line.

use crate::config;
use crate::images::Image;
use crate::problem::FieldError;

/// Argument vectors that begin with Apptainer's path; what is to run in the image, or the words for it, come behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerCommand {
    /// Runs a command in the image: `apptainer exec … IMAGE`.
    pub exec: Vec<String>,
    /// Runs what the image's author meant to be run: `apptainer run … IMAGE`.
    pub run: Vec<String>,
}

/// Whose GPUs the job's programs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuMaker {
    Nvidia,
    Amd,
}

/// How to start this image, or one of its apps, in this directory. Apptainer itself makes the home visible, and the
/// directory that the job is in. `gpus`: those whose driver it is to bring in from the node.
///
/// # Errors
/// `unknown-app` at `/image/app` when the image says that it has no such app.
pub fn container_command(
    config: &config::Images,
    image: &Image,
    app: Option<&str>,
    gpus: Option<GpuMaker>,
    working_directory: &str,
) -> Result<ContainerCommand, FieldError> {
    if let Some(app) = app
        && !image.apps.iter().any(|known| known == app)
    {
        let apps = if image.apps.is_empty() { "no apps".to_owned() } else { image.apps.join(", ") };
        let detail = format!("The image {} has no app \"{app}\": it has {apps}.", image.name);
        return Err(FieldError::new("/image/app", "unknown-app", detail).with("apps", image.apps.clone()));
    }
    let command = |verb: &str| {
        // Without its notices, which would stand between the lines of the job's own output.
        let mut words = vec![config.apptainer.as_str(), "--quiet", verb];
        words.extend(app.into_iter().flat_map(|app| ["--app", app]));
        words.extend(gpus.map(|maker| match maker {
            GpuMaker::Nvidia => "--nv",
            GpuMaker::Amd => "--rocm",
        }));
        words.extend(config.bind.iter().flat_map(|path| ["--bind", path]));
        words.extend(["--pwd", working_directory, &image.path]);
        words.into_iter().map(str::to_owned).collect()
    };
    Ok(ContainerCommand { exec: command("exec"), run: command("run") })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::images::{Identity, IdentityKind, Kind, State};

    fn image(apps: &[&str]) -> Image {
        Image {
            id: Uuid::now_v7(),
            identity: Identity { kind: IdentityKind::Place, value: "here".to_owned() },
            name: "demo".to_owned(),
            path: "/images/my demo.sif".to_owned(),
            cluster: "local".to_owned(),
            host: "here".to_owned(),
            kind: Kind::Compute,
            size: 1,
            format: None,
            created_at: None,
            version: None,
            architecture: None,
            apps: apps.iter().map(|app| app.to_string()).collect(),
            labels: BTreeMap::new(),
            owner: None,
            needs: Vec::new(),
            signed: false,
            encrypted: false,
            modified_at: DateTime::UNIX_EPOCH,
            problem: None,
            state: State::Active,
            gone_at: None,
        }
    }

    fn config() -> config::Images {
        config::Images {
            apptainer: "/opt/bin/apptainer".to_owned(),
            bind: vec!["/scratch".to_owned(), "/data:/data:ro".to_owned()],
            ..config::Config::load(None).unwrap().images
        }
    }

    #[test]
    fn starts_the_image_in_the_jobs_directory_with_the_sites_paths() {
        let command = container_command(&config(), &image(&[]), None, None, "/home/alice/a job").unwrap();
        let rest =
            ["--bind", "/scratch", "--bind", "/data:/data:ro", "--pwd", "/home/alice/a job", "/images/my demo.sif"];
        assert_eq!(command.exec, [["/opt/bin/apptainer", "--quiet", "exec"].as_slice(), &rest].concat());
        assert_eq!(command.run, [["/opt/bin/apptainer", "--quiet", "run"].as_slice(), &rest].concat());
    }

    #[test]
    fn starts_an_app_that_the_image_has() {
        let command = container_command(&config(), &image(&["alpha"]), Some("alpha"), None, "/home/alice").unwrap();
        assert_eq!(command.run[..5], ["/opt/bin/apptainer", "--quiet", "run", "--app", "alpha"]);
        assert_eq!(command.exec[..5], ["/opt/bin/apptainer", "--quiet", "exec", "--app", "alpha"]);
    }

    #[test]
    fn brings_in_the_driver_of_the_gpus() {
        for (maker, word) in [(GpuMaker::Nvidia, "--nv"), (GpuMaker::Amd, "--rocm")] {
            let command = container_command(&config(), &image(&[]), None, Some(maker), "/home/alice").unwrap();
            assert_eq!(command.run[2..4], ["run", word]);
        }
    }

    #[test]
    fn names_an_app_that_the_image_does_not_have() {
        let error = container_command(&config(), &image(&["alpha"]), Some("--bind"), None, "/home/alice").unwrap_err();
        assert_eq!((error.pointer.as_str(), error.code.as_str()), ("/image/app", "unknown-app"));
    }
}
