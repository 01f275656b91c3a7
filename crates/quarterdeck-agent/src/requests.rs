//! Sends each request to the module that does it.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use quarterdeck_types::agent::{AgentError, Answer, ErrorCode, Hello, PROTOCOL, Request};

use crate::account::Account;
use crate::acl;
use crate::arguments;
use crate::errors::Outcome;
use crate::files;
use crate::local::LocalJobs;
use crate::programs::Programs;
use crate::replace;
use crate::resolve::Spaces;
use crate::serve::Work;
use crate::submit::{Submission, Submissions};
use crate::tasks::Tasks;
use crate::trash;
use crate::uploads;

/// Everything that answering takes; shared by all connections, changed by none.
pub(crate) struct Agent {
    pub(crate) account: Account,
    pub(crate) spaces: Arc<Spaces>,
    pub(crate) programs: Programs,
    pub(crate) submissions: Submissions,
    pub(crate) local: LocalJobs,
    pub(crate) tasks: Arc<Tasks>,
}

/// An answer, and the descriptor that rides along.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) descriptor: Option<OwnedFd>,
}

/// More local jobs than anybody runs on one machine.
const MAX_LOCAL_JOBS: usize = 10_000;

impl Agent {
    /// `work` keeps the agent from leaving; it goes where something outlasts the answer.
    pub(crate) fn answer(&self, request: Request, work: Work) -> Reply {
        match self.perform(request, work) {
            Ok(reply) => reply,
            Err(error) => Reply { answer: Answer::Error(error), descriptor: None },
        }
    }

    fn perform(&self, request: Request, work: Work) -> Outcome<Reply> {
        let spaces = &self.spaces;
        let answer = match request {
            Request::Hello { protocol } => self.hello(protocol)?,
            Request::OpenRead { at } => return opened(files::open_read(spaces, &at)?),
            Request::Stat { at } => Answer::Entry { entry: files::stat(spaces, &at)? },
            Request::List { at, after, limit } => files::list(spaces, &at, after.as_ref(), limit)?,
            Request::Mkdir { at, parents } => Answer::Entry { entry: files::mkdir(spaces, &at, parents)? },
            Request::Rename { from, to, replace } => done(files::rename(spaces, &from, &to, replace)?),
            Request::Remove { at } => done(files::remove(spaces, &at)?),
            Request::SetMode { at, mode } => Answer::Entry { entry: files::set_mode(spaces, &at, mode)? },
            Request::GetAcl { at } => acl::get(spaces, &at)?,
            Request::SetAcl { at, access, default, expected } => {
                Answer::Entry { entry: acl::set(spaces, &at, access, default, &expected)? }
            }
            Request::MoveToTrash { at } => trash::put(spaces, &at)?,
            Request::ListTrash { space, after, limit } => trash::list(spaces, &space, after.as_ref(), limit)?,
            Request::Restore { space, item } => Answer::Entry { entry: trash::restore(spaces, &space, &item)? },
            Request::Link { from, to } => Answer::Entry { entry: files::link(spaces, &from, &to)? },
            Request::CreateUpload { upload, directory, size } => {
                return opened(uploads::create(spaces, upload, &directory, size)?);
            }
            Request::OpenUpload { upload, directory, keep } => {
                return opened(uploads::open(spaces, upload, &directory, keep)?);
            }
            Request::CopyUpload { upload, directory, at, part, part_directory, from, length } => {
                let (from, to) = ((part, &part_directory, from), (upload, &directory, at));
                done(uploads::copy(spaces, from, to, length)?)
            }
            Request::FinishUpload { upload, directory, name, size, inode } => {
                uploads::finish(spaces, upload, &directory, &name, (size, inode))?
            }
            Request::ReplaceFile { upload, at, expected } => {
                Answer::Entry { entry: replace::replace(spaces, upload, &at, expected)? }
            }
            Request::DiscardUpload { upload, directory } => done(uploads::discard(spaces, upload, &directory)?),
            Request::StartTask { id, task } => self.tasks.start(id, task, spaces, work)?,
            Request::TaskStatus { id } => Answer::Task { status: Box::new(self.tasks.status(spaces, id)?) },
            Request::Tasks => Answer::Tasks { items: self.tasks.list(spaces)? },
            Request::CancelTask { id } => done(self.tasks.cancel(spaces, id)?),
            Request::TaskFound { id, from, limit } => self.tasks.found(id, from, limit)?,
            Request::Sbatch { id, directory, script, comment } => {
                let submission = Submission { id, directory: &directory, script: &script, comment: comment.as_deref() };
                let outcome = self.submissions.submit(&submission, spaces, &self.programs, work)?;
                Answer::Submission { outcome }
            }
            Request::Submission { id } => Answer::Submission { outcome: self.submissions.outcome(id)? },
            Request::SbatchTest { directory, script } => {
                let at = spaces.locate(&directory)?;
                let opened = spaces.open(&at, rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY)?;
                Answer::Program(self.programs.sbatch_test(&opened, &at.absolute, &script)?)
            }
            Request::Scancel { job_id } => Answer::Program(self.programs.scancel(arguments::cancel(&job_id))?),
            Request::SignalJob { job_id, signal, to } => {
                Answer::Program(self.programs.scancel_once(arguments::signal(&job_id, signal, to))?)
            }
            Request::Scontrol { verb, job_id } => {
                Answer::Program(self.programs.scontrol(arguments::on_job(verb, &job_id))?)
            }
            Request::UpdateJob { job_id, changes } => {
                Answer::Program(self.programs.scontrol(arguments::update_job(&job_id, &changes))?)
            }
            Request::Sstat { job_id } => Answer::Program(self.programs.sstat(arguments::live_usage(&job_id))?),
            Request::UpdateNode { node, change } => {
                Answer::Program(self.programs.scontrol(arguments::update_node(&node, &change))?)
            }
            Request::RebootNode { node, asap, reason } => {
                Answer::Program(self.programs.scontrol(arguments::reboot(&node, asap, reason.as_ref()))?)
            }
            Request::StartLocal { id, job } => {
                Answer::LocalJobs { items: vec![self.local.start(id, job, spaces, &self.programs, work)?] }
            }
            Request::LocalJobs { ids } if ids.len() > MAX_LOCAL_JOBS => {
                let message = format!("{} jobs were asked for: ask for {MAX_LOCAL_JOBS} at most", ids.len());
                return Err(AgentError::new(ErrorCode::BadRequest, message));
            }
            Request::LocalJobs { ids } => {
                Answer::LocalJobs { items: ids.into_iter().map(|id| self.local.status(id)).collect::<Outcome<_>>()? }
            }
            Request::CancelLocal { id } => done(self.local.cancel(id)?),
            Request::OpenTerminal { .. } | Request::OpenStream { .. } => {
                let message = "this agent cannot do that yet";
                return Err(AgentError::new(ErrorCode::Unsupported, message));
            }
        };
        Ok(Reply { answer, descriptor: None })
    }

    fn hello(&self, protocol: u16) -> Outcome<Answer> {
        if protocol != PROTOCOL {
            let message =
                format!("the agent speaks protocol {PROTOCOL}, the server {protocol}: install one release of both");
            return Err(AgentError::new(ErrorCode::Version, message));
        }
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        Ok(Answer::Hello(Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            user: self.account.user.clone(),
            uid: self.account.uid,
            gid: self.account.gid,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            spaces: self.spaces.describe(),
            cpus,
        }))
    }
}

fn opened((entry, descriptor): (quarterdeck_types::agent::Entry, OwnedFd)) -> Outcome<Reply> {
    Ok(Reply { answer: Answer::Opened { entry }, descriptor: Some(descriptor) })
}

fn done((): ()) -> Answer {
    Answer::Done
}
