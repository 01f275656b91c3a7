//! Routes of accounts, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Actor, Role, Via};
use crate::app::App;
use crate::auth::api::SessionView;
use crate::problem::{Problem, ProblemDocument};
use crate::requests::{JsonBody, Page, PathOf, QueryOf, limit, present};
use crate::web::Uncompressed;
use crate::{auth, users};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(detail, change))
        .routes(routes!(set_password))
        .routes(routes!(sessions, sign_out))
}

/// An account as administrators see it.
#[derive(Serialize, ToSchema)]
struct Account {
    id: Uuid,
    username: String,
    display_name: String,
    role: Role,
    /// The account on the cluster; without one there are no cluster actions.
    unix_user: Option<String>,
    kind: AccountKind,
    disabled: bool,
    created_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
}

/// A person signs in; a service has keys alone.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AccountKind {
    Person,
    Service,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Query {
    /// Part of a name.
    q: Option<String>,
    #[param(inline)]
    role: Option<Role>,
    #[param(inline)]
    kind: Option<AccountKind>,
    disabled: Option<bool>,
    limit: Option<u64>,
    cursor: Option<String>,
    count: Option<bool>,
}

/// The accounts, by user name.
#[utoipa::path(get, path = "/users", tag = "users", params(Query), responses((status = 200, body = Page<Account>)))]
async fn list(State(app): State<App>, QueryOf(query): QueryOf<Query>) -> Result<Json<Page<Account>>, Problem> {
    let filter = || users::Filter {
        text: query.q.clone(),
        role: query.role,
        kind: query.kind.map(users::Kind::from),
        disabled: query.disabled,
    };
    let limit = limit(query.limit);
    let items = users::list(&app.db, filter(), query.cursor.as_deref(), limit).await?;
    let next_cursor = items.last().filter(|_| items.len() as u64 == limit).map(|last| last.username.clone());
    let total = if query.count == Some(true) { Some(users::count(&app.db, filter()).await?) } else { None };
    Ok(Json(Page { items: items.into_iter().map(Account::from).collect(), next_cursor, total }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    username: String,
    /// Unset: the user name.
    display_name: Option<String>,
    role: Role,
    /// Unset: the Unix user of the same name; null: none, which is all that a key may say.
    #[serde(default, deserialize_with = "present")]
    unix_user: Option<Option<String>>,
    #[serde(default = "person")]
    #[schema(required = false)]
    kind: AccountKind,
    /// Unset: one is made and shown once. A service has none, and so has an account that a key makes, until an
    /// administrator sets one.
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CreatedAccount {
    #[serde(flatten)]
    account: Account,
    /// Where it was not chosen. It is shown this once.
    password: Option<String>,
}

/// Make an account.
#[utoipa::path(post, path = "/users", tag = "users", request_body = NewAccount,
    responses((status = 201, body = CreatedAccount), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn create(
    State(app): State<App>,
    actor: Actor,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<Response, Problem> {
    let made = match (new.kind, &new.password, actor.via) {
        (AccountKind::Person, None, Via::Session(_)) => Some(users::random_password()?),
        _ => None,
    };
    let new = users::NewUser {
        display_name: new.display_name.unwrap_or_else(|| new.username.clone()),
        unix_user: new.unix_user.unwrap_or_else(|| Some(new.username.clone())),
        username: new.username,
        password: new.password.or_else(|| made.clone()),
        role: new.role,
        kind: new.kind.into(),
    };
    let account = users::add(app.desk(), (&actor).into(), new).await?;
    let body = Json(CreatedAccount { account: account.into(), password: made });
    let mut response = (StatusCode::CREATED, body).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}

/// One account.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)),
    responses((status = 200, body = Account), (status = 404, body = ProblemDocument)))]
async fn detail(State(app): State<App>, PathOf(id): PathOf<Uuid>) -> Result<Json<Account>, Problem> {
    Ok(Json(users::find(app.db.read(), id).await?.into()))
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    display_name: Option<String>,
    role: Option<Role>,
    /// Null: none.
    #[serde(default, deserialize_with = "present")]
    unix_user: Option<Option<String>>,
    disabled: Option<bool>,
}

/// Change an account, or disable it: its sessions end and its keys are refused.
#[utoipa::path(patch, path = "/users/{id}", tag = "users", params(("id" = Uuid, Path)), request_body = AccountChange,
    responses((status = 200, body = Account), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn change(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(change): JsonBody<AccountChange>,
) -> Result<Json<Account>, Problem> {
    let change = users::Change {
        display_name: change.display_name,
        role: change.role,
        unix_user: change.unix_user,
        disabled: change.disabled,
    };
    Ok(Json(users::change(app.desk(), (&actor).into(), id, change).await?.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPassword {
    /// Unset: one is made and shown once.
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PasswordSet {
    /// Where it was not chosen. It is shown this once.
    password: Option<String>,
}

/// Set a new password and end the account's sessions.
#[utoipa::path(post, path = "/users/{id}/password", tag = "users", params(("id" = Uuid, Path)),
    request_body = SetPassword, responses((status = 200, body = PasswordSet), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn set_password(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
    JsonBody(body): JsonBody<SetPassword>,
) -> Result<Response, Problem> {
    let (password, made) = match body.password {
        Some(password) => (password, None),
        None => {
            let made = users::random_password()?;
            (made.clone(), Some(made))
        }
    };
    users::set_password(app.desk(), (&actor).into(), id, password, "/password", None).await?;
    let mut response = Json(PasswordSet { password: made }).into_response();
    response.extensions_mut().insert(Uncompressed);
    Ok(response)
}

/// The account's sessions that go on, the last used first.
#[utoipa::path(get, path = "/users/{id}/sessions", tag = "users", params(("id" = Uuid, Path)),
    responses((status = 200, body = Page<SessionView>), (status = 404, body = ProblemDocument)))]
async fn sessions(
    State(app): State<App>,
    actor: Actor,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<Page<SessionView>>, Problem> {
    let sessions = auth::sessions_of(&app, &actor, id).await?;
    Ok(Json(Page::whole(sessions.into_iter().map(|session| SessionView::seen_by(&actor, session)).collect())))
}

/// End all of the account's sessions.
#[utoipa::path(delete, path = "/users/{id}/sessions", tag = "users", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
async fn sign_out(State(app): State<App>, actor: Actor, PathOf(id): PathOf<Uuid>) -> Result<StatusCode, Problem> {
    users::sign_out(app.desk(), (&actor).into(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn person() -> AccountKind {
    AccountKind::Person
}

impl From<AccountKind> for users::Kind {
    fn from(kind: AccountKind) -> users::Kind {
        match kind {
            AccountKind::Person => users::Kind::Person,
            AccountKind::Service => users::Kind::Service,
        }
    }
}

impl From<users::User> for Account {
    fn from(user: users::User) -> Account {
        Account {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            unix_user: user.unix_user,
            kind: match user.kind {
                users::Kind::Person => AccountKind::Person,
                users::Kind::Service => AccountKind::Service,
            },
            disabled: user.disabled,
            created_at: user.created_at,
            last_seen_at: user.last_seen_at,
        }
    }
}
