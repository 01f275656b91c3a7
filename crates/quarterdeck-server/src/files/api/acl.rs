//! Routes of access control lists.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quarterdeck_types::Place;
use quarterdeck_types::acl::{Acl, AclSupport, FileAcl, NamedKind, Rights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{File, FileEntry, path_in, space_named, view_at};
use crate::access::Actor;
use crate::app::App;
use crate::files::acl::{self, Names, Who, Wish, WishedNamed};
use crate::problem::{FieldError, Problem, ProblemDocument};
use crate::requests::{JsonBody, PathOf, QueryOf, to_the_end};

/// `LOGIN_NAME_MAX` of Linux, without the byte that ends it.
const MAX_NAME_BYTES: usize = 255;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_acl, set_acl))
}

/// Who may do what with a file or a directory: its owner, its group, others, and who is named.
#[derive(Serialize, ToSchema)]
struct FileAcls {
    /// What its file system knows: without `posix` the permission bits are all there is here.
    support: FileAclSupport,
    owner: AclAccount,
    group: AclAccount,
    access: AccessList,
    /// What is made in the directory begins with this one.
    #[schema(required)]
    default: Option<AccessList>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FileAclSupport {
    Posix,
    /// NFSv4's own lists, which are changed in a shell (`nfs4_setfacl`).
    Nfs4,
    None,
}

#[derive(Serialize, ToSchema)]
struct AclAccount {
    id: u32,
    /// Null: it has none any more.
    #[schema(required)]
    name: Option<String>,
}

/// Rights are written as `rwx`, with a dash for each that is missing.
#[derive(Serialize, ToSchema)]
struct AccessList {
    #[schema(example = "rw-")]
    owner: String,
    /// Of the file's own group.
    group: String,
    others: String,
    /// What the group and all who are named get at most; null: nobody is named.
    #[schema(required)]
    mask: Option<String>,
    named: Vec<AccessEntry>,
}

#[derive(Serialize, ToSchema)]
struct AccessEntry {
    kind: AccessEntryKind,
    id: u32,
    /// Null: it has none any more.
    #[schema(required)]
    name: Option<String>,
    rights: String,
    /// What the mask leaves of them.
    effective: String,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AccessEntryKind {
    User,
    Group,
}

/// The access control lists of a file or a directory (`acl(5)`).
#[utoipa::path(get, path = "/files/{space}/acl", tag = "files", params(("space" = String, Path), File),
    responses((status = 200, body = FileAcls, headers(("ETag" = String))), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn read_acl(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    QueryOf(file): QueryOf<File>,
) -> Result<Response, Problem> {
    let at = Place::In { space: space_named(&space)?, path: path_in(&file.path, "/path")? };
    let (acl, names) = acl::read(&app, &actor, at).await?;
    let tag = HeaderValue::from_str(&format!("\"{}\"", acl::version(&acl))).map_err(Problem::internal)?;
    Ok(([(header::ETAG, tag)], Json(view(acl, &names))).into_response())
}

fn view(acl: FileAcl, names: &Names) -> FileAcls {
    let account = |kind, id| AclAccount { id, name: names.of(kind, id).map(str::to_owned) };
    FileAcls {
        support: match acl.support {
            AclSupport::Posix => FileAclSupport::Posix,
            AclSupport::Nfs4 => FileAclSupport::Nfs4,
            AclSupport::None => FileAclSupport::None,
        },
        owner: account(NamedKind::User, acl.uid),
        group: account(NamedKind::Group, acl.gid),
        access: list(&acl.access, names),
        default: acl.default.as_ref().map(|acl| list(acl, names)),
    }
}

fn list(acl: &Acl, names: &Names) -> AccessList {
    let named = acl.named.iter().map(|named| AccessEntry {
        kind: match named.kind {
            NamedKind::User => AccessEntryKind::User,
            NamedKind::Group => AccessEntryKind::Group,
        },
        id: named.id,
        name: names.of(named.kind, named.id).map(str::to_owned),
        rights: named.rights.to_string(),
        effective: acl.effective(named.rights).to_string(),
    });
    AccessList {
        owner: acl.owner.to_string(),
        group: acl.group.to_string(),
        others: acl.others.to_string(),
        mask: acl.mask.map(|mask| mask.to_string()),
        named: named.collect(),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAcls {
    /// Beneath the space.
    path: String,
    access: NewAccessList,
    /// Of a directory, for what is made in it; without it none.
    default: Option<NewAccessList>,
}

/// All that is in the list. Its mask takes nothing from anybody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccessList {
    #[schema(pattern = "^[r-][w-][x-]$")]
    owner: String,
    #[schema(pattern = "^[r-][w-][x-]$")]
    group: String,
    #[schema(pattern = "^[r-][w-][x-]$")]
    others: String,
    #[serde(default)]
    #[schema(max_items = 100)]
    named: Vec<NewAccessEntry>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccessEntry {
    kind: AccessEntryKind,
    /// Of an account or a group of the cluster.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// In place of a name; of one who has none any more, where the list has it already.
    id: Option<u32>,
    #[schema(pattern = "^[r-][w-][x-]$")]
    rights: String,
}

/// Set the access control lists of a file or a directory that still has those whose `ETag` is sent as `If-Match`.
///
/// 409 `acl-unsupported`: its file system knows none. 412 `changed`: somebody else changed them meanwhile.
#[utoipa::path(put, path = "/files/{space}/acl", tag = "files",
    params(("space" = String, Path), ("If-Match" = String, Header)), request_body = NewAcls,
    responses((status = 200, body = FileEntry), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 412, body = ProblemDocument), (status = 422, body = ProblemDocument),
        (status = 428, body = ProblemDocument)))]
async fn set_acl(
    State(app): State<App>,
    actor: Actor,
    PathOf(space): PathOf<String>,
    headers: HeaderMap,
    JsonBody(asked): JsonBody<NewAcls>,
) -> Result<Json<FileEntry>, Problem> {
    let space = space_named(&space)?;
    let path = path_in(&asked.path, "/path")?;
    let tag = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok()).ok_or_else(|| {
        let detail = "Send If-Match with the ETag that the lists were read with.";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
    })?;
    let expected = tag.trim().trim_matches('"').to_owned();
    let access = wish(asked.access, "/access")?;
    let default = asked.default.map(|list| wish(list, "/default")).transpose()?;
    let at = Place::In { space, path: path.clone() };
    let changed = to_the_end(async move { Ok(acl::set(&app, &actor, at, access, default, &expected).await?) }).await?;
    Ok(Json(view_at(changed, &path)))
}

fn wish(list: NewAccessList, pointer: &str) -> Result<Wish, Problem> {
    let rights = |text: &str, field: &str| {
        Rights::parse(text).ok_or_else(|| {
            let detail = "Write rights as rwx, with a dash for each that is missing.";
            Problem::invalid(vec![FieldError::new(format!("{pointer}/{field}"), "bad-rights", detail)])
        })
    };
    let named = list.named.into_iter().enumerate().map(|(at, entry)| {
        let refuse = |code, detail: &str| {
            Problem::invalid(vec![FieldError::new(format!("{pointer}/named/{at}/name"), code, detail)])
        };
        let who = match (entry.name, entry.id) {
            // Not asked of a directory service, and not told back in the answer.
            (Some(name), None) if name.len() > MAX_NAME_BYTES => {
                return Err(refuse("too-long", "No user's or group's name is longer than 255 bytes."));
            }
            (Some(name), None) => Who::Name(name),
            (None, Some(id)) => Who::Id(id),
            _ => return Err(refuse("missing-text", "Say who it is: by a name or by an id.")),
        };
        let kind = match entry.kind {
            AccessEntryKind::User => NamedKind::User,
            AccessEntryKind::Group => NamedKind::Group,
        };
        Ok(WishedNamed { kind, who, rights: rights(&entry.rights, &format!("named/{at}/rights"))? })
    });
    Ok(Wish {
        owner: rights(&list.owner, "owner")?,
        group: rights(&list.group, "group")?,
        others: rights(&list.others, "others")?,
        named: named.collect::<Result<_, _>>()?,
    })
}
