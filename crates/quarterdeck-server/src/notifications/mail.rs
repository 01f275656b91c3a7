//! Mail: one text message a notification, handed to the site's mail server. Headers are built by the mail crate from
//! typed values, so that nothing that a user names becomes a header.

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::deliver::{Failure, Message, Reason};
use super::text;
use crate::config;
use crate::secret_file;

const TIME: Duration = Duration::from_secs(15);

pub(super) struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// `None`: the site sends no mail.
    pub fn new(config: &config::Mail) -> anyhow::Result<Option<Mail>> {
        let Some((host, port)) = config.host_and_port() else { return Ok(None) };
        let from = config.from.as_deref().unwrap_or_default().parse().context("mail.from")?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host).port(port).timeout(Some(TIME));
        if config.security != config::Security::None {
            let mut tls = TlsParameters::builder(host);
            if let Some(path) = &config.authority {
                let pem = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
                tls = tls.add_root_certificate(Certificate::from_pem(&pem).context("mail.authority")?);
            }
            let tls = tls.build().context("preparing encryption for mail")?;
            builder = builder.tls(match config.security {
                config::Security::Tls => Tls::Wrapper(tls),
                _ => Tls::Required(tls),
            });
        }
        if let (Some(name), Some(path)) = (&config.username, &config.password_file) {
            secret_file::check_closed(path, "name another mail.password_file")?;
            let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            let Some(password) = text.lines().next().filter(|line| !line.is_empty()) else {
                bail!("{} holds no password on its first line", path.display());
            };
            builder = builder.credentials(Credentials::new(name.clone(), password.to_owned()));
        }
        Ok(Some(Mail { transport: builder.build(), from }))
    }

    /// Sends it; the same message has the same `Message-ID` each time.
    pub async fn send(&self, to: &str, message: &Message) -> Result<(), Failure> {
        let mail = compose(&self.from, to, message).map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "a mail cannot be composed");
            Failure::Never("not-composed".into())
        })?;
        let Err(error) = self.transport.send(mail).await else { return Ok(()) };
        tracing::warn!(%error, "the mail server did not take a mail");
        if error.is_permanent() {
            return Err(Failure::Never(reason("mail-refused", &error)));
        }
        Err(Failure::Later(reason("mail-not-taken", &error)))
    }
}

fn reason(code: &'static str, error: &lettre::transport::smtp::Error) -> Reason {
    match error.status() {
        Some(answer) => Reason::answered(code, answer.into()),
        None => code.into(),
    }
}

fn compose(from: &Mailbox, to: &str, message: &Message) -> anyhow::Result<lettre::Message> {
    let words = text::words(message);
    let url = message.url().map(|url| format!("\n{url}\n")).unwrap_or_default();
    let body = format!("{}\n\n{}\n{url}\n-- \n{}\n", words.title, words.body, words.why);
    let to: Mailbox = Mailbox::new(None, to.parse().context("the address is none")?);
    let builder: MessageBuilder = lettre::Message::builder()
        .from(from.clone())
        .to(to)
        .subject(words.title)
        .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    builder.body(body).context("composing the mail")
}

/// Tells other programs not to answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::deliver::testing::message;
    use super::*;

    fn sent(params: serde_json::Value) -> String {
        let from = "Quarterdeck <portal@example.org>".parse().unwrap();
        let mail = compose(&from, "alice@example.org", &message("job-failed", params)).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    #[test]
    fn a_jobs_name_makes_no_header() {
        for name in ["x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org\n\nbody", "한글\r\nBcc: eve@example.org"] {
            let mail = sent(json!({"job_id": "5", "name": name, "state": "FAILED", "cluster": "slurm", "id": "1"}));
            let (head, _) = mail.split_once("\r\n\r\n").unwrap();
            assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc")), "{head}");
            assert_eq!(head.lines().filter(|line| line.starts_with("To: ")).count(), 1);
        }
    }

    #[test]
    fn the_same_message_has_the_same_id() {
        let mail = sent(json!({"job_id": "5", "name": "x", "state": "FAILED", "cluster": "slurm", "id": "1"}));
        assert!(mail.contains("Message-ID: <00000000-0000-7000-8000-000000000005@example.org>"), "{mail}");
        assert!(mail.contains("Auto-Submitted: auto-generated"));
    }
}
