//! `quarterdeck openapi`: prints the document that `openapi.json` in the repository is compared with.

pub(crate) fn run() -> anyhow::Result<()> {
    println!("{}", quarterdeck_server::openapi().to_pretty_json()?);
    Ok(())
}
