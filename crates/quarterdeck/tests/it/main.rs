//! Drives real processes from outside: server, launcher and agents as their own users, on a real Slurm where there is
//! one. What a machine lacks is left out and said so; with `QD_TEST_REQUIRE=1` it fails instead.
//!
//! `QD_TEST_SLURM_ENV` names the `env.sh` of a running Slurm (`dev/slurm up` prints it), `QD_TEST_IMAGE` and
//! `QD_TEST_APPTAINER` what `dev/apptainer` makes.

mod access;
mod accounts;
mod audit;
mod bad_answers;
mod bad_input;
mod bytes;
mod cluster;
mod command_line;
mod crowd;
mod efficiency;
mod environment;
mod file_acls;
mod file_changes;
mod file_tasks;
mod file_tasks_space;
mod greed;
mod headers;
mod https;
mod image_inspect;
mod image_nodes;
mod images;
mod job_control;
mod kills;
mod limits;
mod links;
mod live;
mod main_job;
mod messages;
mod nodes;
mod notifications;
mod official_programs;
mod official_templates;
mod outage;
mod own_templates;
mod privacy;
mod related_jobs;
mod results;
mod sessions;
mod shared_templates;
mod slurmrestd;
#[path = "../../../quarterdeck-ssh/tests/it/sshd.rs"]
mod sshd;
mod support;
mod sweeps;
mod template_import;
mod template_zips;
mod templates;
mod uploads;
mod uploads_clients;
mod uploads_kills;
mod uploads_kinds;
mod uploads_space;
mod uploads_takeover;
mod uploads_tus;
mod why;
