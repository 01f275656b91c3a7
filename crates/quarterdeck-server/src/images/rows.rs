//! Reads what the catalogue's tables hold.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Error, FileDigest, Identity, Image, Kind, Need, Place, SignaturesChecked, Source, State, check, store};
use crate::db::from_us;

pub(super) fn read_row(row: store::Summary) -> Result<Image, Error> {
    let unreadable = || unreadable(row.id);
    let (labels, apps, needs) = read_hints(&row)?;
    Ok(Image {
        identity: Identity::parse(&row.identity).ok_or_else(unreadable)?,
        kind: Kind::parse(&row.kind).ok_or_else(unreadable)?,
        state: State::parse(&row.state).ok_or_else(unreadable)?,
        size: u64::try_from(row.size).map_err(|_| unreadable())?,
        apps,
        labels,
        needs,
        owner: row.owner,
        id: row.id,
        name: row.name,
        path: row.path,
        cluster: row.cluster,
        host: row.host,
        format: row.format,
        created_at: row.created_us.map(from_us),
        version: row.version,
        architecture: row.architecture,
        signed: row.signed,
        encrypted: row.encrypted,
        modified_at: from_us(row.modified_us),
        problem: row.problem,
        gone_at: row.gone_us.map(from_us),
    })
}

/// Labels, apps and needs.
type Said = (BTreeMap<String, String>, Vec<String>, Vec<Need>);

pub(super) fn read_hints(row: &store::Summary) -> Result<Said, Error> {
    let read = || {
        let needs = row.needs.clone().map(serde_json::from_value).transpose()?.unwrap_or_default();
        let labels = serde_json::from_value(row.labels.clone())?;
        Ok::<_, serde_json::Error>((labels, serde_json::from_value(row.apps.clone())?, needs))
    };
    read().map_err(|_| unreadable(row.id))
}

pub(super) fn read_place(row: store::places::Model, keys: Option<&str>) -> Result<Place, Error> {
    let unreadable = || unreadable(row.image_id);
    let checked = match (&row.standing, &row.signatures, row.checked_us) {
        // What other keys said is not what these say.
        (Some(standing), Some(signatures), Some(at_us)) if keys.is_some() && row.checked_with.as_deref() == keys => {
            Some(SignaturesChecked {
                standing: check::parse(standing).ok_or_else(unreadable)?,
                signatures: serde_json::from_value(signatures.clone()).map_err(|_| unreadable())?,
                at: from_us(at_us),
            })
        }
        _ => None,
    };
    Ok(Place {
        check_problem: row.check_problem.filter(|_| keys.is_some() && checked.is_none()),
        checked,
        digest: FileDigest {
            sha256: row.sha256,
            is_wanted: row.digest_wanted_us.is_some(),
            problem: row.digest_problem,
        },
        source: Source::parse(&row.source).ok_or_else(unreadable)?,
        state: State::parse(&row.state).ok_or_else(unreadable)?,
        size: u64::try_from(row.size).map_err(|_| unreadable())?,
        cluster: row.cluster,
        host: row.node,
        path: row.path,
        modified_at: from_us(row.modified_us),
        first_seen_at: from_us(row.first_seen_us),
        last_seen_at: from_us(row.seen_us),
        gone_at: row.gone_us.map(from_us),
    })
}

fn unreadable(id: Uuid) -> Error {
    Error::Internal(anyhow::anyhow!("the row of the image {id} cannot be read: scan the images again"))
}
