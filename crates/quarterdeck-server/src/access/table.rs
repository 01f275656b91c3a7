//! The one table of who may call what, and how often: the guard, the OpenAPI document and the tests all read it.
//! A route that is not in it is denied.

use super::Role::{self, Admin, Operator, User, Viewer};
use super::Scope::{self, Read, Write};
use super::scope::Area::{Audit, Files, Images, Jobs, Nodes, Templates, Uploads, Users};
use crate::limits::Class;

/// One operation, as the OpenAPI document names it.
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub rule: Rule,
    /// How its requests are counted; `None`: not at all.
    pub class: Option<Class>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anybody, signed in or not.
    Public,
    /// Whoever has signed in herself, with at least this role; never a key.
    Session(Role),
    /// Whoever is known, by session or by any key.
    Known,
    /// Whoever is signed in with at least this role; a key needs the scope too.
    Role(Role, Scope),
}

use Rule::{Known, Public, Session};

/// Paths as in the OpenAPI document.
#[rustfmt::skip]
pub const TABLE: &[Route] = &[
    route("GET", "/healthz", Public, None),
    route("GET", "/readyz", Public, None),
    route("GET", "/api/v1/openapi.json", Public, Some(Class::Read)),
    route("GET", "/api/docs", Public, Some(Class::Read)),
    route("GET", "/api/docs/{*file}", Public, Some(Class::Read)),
    route("GET", "/api/v1/meta", Public, Some(Class::Read)),
    // The socket's first message carries the token.
    route("GET", "/api/v1/live", Public, Some(Class::Read)),

    // Counted by address and name, once the name is read.
    route("POST", "/api/v1/auth/login", Public, Some(Class::SignIn)),
    // Many people share an address, and each of their tabs comes back now and then.
    route("POST", "/api/v1/auth/refresh", Public, Some(Class::Read)),
    // Whoever wants to leave is never told to wait.
    route("POST", "/api/v1/auth/logout", Public, None),
    route("POST", "/api/v1/auth/logout-all", Session(Viewer), Some(Class::Write)),
    route("GET", "/api/v1/auth/me", Known, Some(Class::Read)),
    route("POST", "/api/v1/auth/password", Session(Viewer), Some(Class::Write)),
    route("GET", "/api/v1/auth/sessions", Session(Viewer), Some(Class::Read)),
    route("DELETE", "/api/v1/auth/sessions/{id}", Session(Viewer), Some(Class::Write)),
    route("GET", "/api/v1/api-keys", Session(Viewer), Some(Class::Read)),
    route("POST", "/api/v1/api-keys", Session(Viewer), Some(Class::Write)),
    route("DELETE", "/api/v1/api-keys/{id}", Session(Viewer), Some(Class::Write)),

    route("GET", "/api/v1/users", Rule::Role(Admin, Read(Users)), Some(Class::Read)),
    route("POST", "/api/v1/users", Rule::Role(Admin, Write(Users)), Some(Class::Write)),
    route("GET", "/api/v1/users/{id}", Rule::Role(Admin, Read(Users)), Some(Class::Read)),
    route("PATCH", "/api/v1/users/{id}", Rule::Role(Admin, Write(Users)), Some(Class::Write)),
    // Who sets a password can sign in with it, and make keys that outlive the one at hand.
    route("POST", "/api/v1/users/{id}/password", Session(Admin), Some(Class::Write)),
    route("GET", "/api/v1/users/{id}/sessions", Rule::Role(Admin, Read(Users)), Some(Class::Read)),
    route("DELETE", "/api/v1/users/{id}/sessions", Rule::Role(Admin, Write(Users)), Some(Class::Write)),
    route("GET", "/api/v1/users/{id}/api-keys", Rule::Role(Admin, Read(Users)), Some(Class::Read)),
    route("POST", "/api/v1/users/{id}/api-keys", Session(Admin), Some(Class::Write)),
    route("DELETE", "/api/v1/users/{id}/api-keys/{key}", Rule::Role(Admin, Write(Users)), Some(Class::Write)),

    route("GET", "/api/v1/audit", Rule::Role(Admin, Read(Audit)), Some(Class::Read)),
    route("GET", "/api/v1/audit/export", Rule::Role(Admin, Read(Audit)), Some(Class::Read)),
    route("GET", "/api/v1/audit/verify", Rule::Role(Admin, Read(Audit)), Some(Class::Read)),
    route("GET", "/api/v1/limits", Rule::Role(Admin, Read(Audit)), Some(Class::Read)),

    route("GET", "/api/v1/clusters", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/overview", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/nodes", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/nodes/{node}", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("POST", "/api/v1/clusters/{cluster}/nodes/{node}/drain", Rule::Role(Operator, Write(Nodes)), Some(Class::NodeAction)),
    route("POST", "/api/v1/clusters/{cluster}/nodes/{node}/resume", Rule::Role(Operator, Write(Nodes)), Some(Class::NodeAction)),
    route("POST", "/api/v1/clusters/{cluster}/nodes/{node}/reboot", Rule::Role(Operator, Write(Nodes)), Some(Class::Reboot)),
    // A reboot of many counts as one of Class::Reboot too, once the body is read.
    route("POST", "/api/v1/clusters/{cluster}/nodes/actions", Rule::Role(Operator, Write(Nodes)), Some(Class::NodeAction)),
    route("GET", "/api/v1/clusters/{cluster}/nodes/{node}/history", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/use", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/trouble", Rule::Role(Operator, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/partitions", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/reservations", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/accounts", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/qos", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/choices", Rule::Role(Viewer, Read(Nodes)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("POST", "/api/v1/clusters/{cluster}/jobs", Rule::Role(User, Write(Jobs)), Some(Class::Submit)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/preview", Rule::Role(User, Write(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("DELETE", "/api/v1/clusters/{cluster}/jobs/{job}", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("PATCH", "/api/v1/clusters/{cluster}/jobs/{job}", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    // One request counts once, however many jobs it names.
    route("POST", "/api/v1/clusters/{cluster}/jobs/actions", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/{job}/signal", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/{job}/resubmit", Rule::Role(User, Write(Jobs)), Some(Class::Submit)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/{job}/hold", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/{job}/release", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("POST", "/api/v1/clusters/{cluster}/jobs/{job}/requeue", Rule::Role(User, Write(Jobs)), Some(Class::Write)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/steps", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/dependencies", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/why", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/efficiency", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/help", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/efficiency", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/efficiency/advice", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/efficiency/users", Rule::Role(Operator, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/shares", Rule::Role(Viewer, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/directory", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/output", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/sweep", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/sweep/export", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/sweep/values", Rule::Role(User, Read(Jobs)), Some(Class::Read)),
    route("GET", "/api/v1/clusters/{cluster}/jobs/{job}/request", Rule::Role(User, Read(Jobs)), Some(Class::Read)),

    route("GET", "/api/v1/templates", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("GET", "/api/v1/templates/{id}", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("POST", "/api/v1/templates", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/templates/import", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/templates/import/batch-script", Rule::Role(User, Read(Templates)), Some(Class::Read)),
    // One request counts once, however many templates are in it.
    route("POST", "/api/v1/templates/import/zip", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/templates/import/open-ondemand", Rule::Role(User, Read(Templates)), Some(Class::Read)),
    route("PUT", "/api/v1/templates/{id}", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("DELETE", "/api/v1/templates/{id}", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("PUT", "/api/v1/templates/{id}/favourite", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("DELETE", "/api/v1/templates/{id}/favourite", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/templates/{id}/clone", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/templates/{id}/validate", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("POST", "/api/v1/templates/{id}/render", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("GET", "/api/v1/templates/{id}/export", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    // It reads.
    route("POST", "/api/v1/template-exports", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("POST", "/api/v1/templates/{id}/share", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    // Administrators see everybody's, others their own.
    route("GET", "/api/v1/template-shares", Rule::Role(User, Read(Templates)), Some(Class::Read)),
    route("GET", "/api/v1/template-shares/{id}", Rule::Role(User, Read(Templates)), Some(Class::Read)),
    route("DELETE", "/api/v1/template-shares/{id}", Rule::Role(User, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/template-shares/{id}/accept", Rule::Role(Admin, Write(Templates)), Some(Class::Write)),
    route("POST", "/api/v1/template-shares/{id}/refuse", Rule::Role(Admin, Write(Templates)), Some(Class::Write)),
    // Each is answered what she may know of.
    route("GET", "/api/v1/templates/scan", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("GET", "/api/v1/templates/{id}/versions", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("GET", "/api/v1/templates/{id}/versions/{number}", Rule::Role(Viewer, Read(Templates)), Some(Class::Read)),
    route("POST", "/api/v1/templates/scan", Rule::Role(Operator, Write(Templates)), Some(Class::Scan)),
    route("GET", "/api/v1/images", Rule::Role(Viewer, Read(Images)), Some(Class::Read)),
    route("GET", "/api/v1/images/drift", Rule::Role(Viewer, Read(Images)), Some(Class::Read)),
    route("GET", "/api/v1/images/{id}", Rule::Role(Viewer, Read(Images)), Some(Class::Read)),
    route("GET", "/api/v1/images/{id}/apps", Rule::Role(Viewer, Read(Images)), Some(Class::Read)),
    route("POST", "/api/v1/images/{id}/digest", Rule::Role(Operator, Write(Images)), Some(Class::Scan)),
    route("POST", "/api/v1/images/own/scan", Rule::Role(User, Write(Images)), Some(Class::Write)),
    route("POST", "/api/v1/images/scan", Rule::Role(Operator, Write(Images)), Some(Class::Scan)),
    route("GET", "/api/v1/images/scans/{id}", Rule::Role(Viewer, Read(Images)), Some(Class::Read)),
    route("DELETE", "/api/v1/images/scans/{id}", Rule::Role(Operator, Write(Images)), Some(Class::Write)),

    route("OPTIONS", "/api/v1/uploads", Public, Some(Class::Read)),
    route("POST", "/api/v1/uploads", Rule::Role(User, Write(Uploads)), Some(Class::NewUpload)),
    route("GET", "/api/v1/uploads", Rule::Role(User, Read(Uploads)), Some(Class::Read)),
    route("POST", "/api/v1/uploads/find", Rule::Role(User, Read(Uploads)), Some(Class::Read)),
    // Bounded by bytes and by how many go on at once, since a big file is thousands of requests.
    route("GET", "/api/v1/uploads/leftovers", Rule::Role(Admin, Read(Uploads)), Some(Class::Read)),
    route("HEAD", "/api/v1/uploads/{id}", Rule::Role(User, Read(Uploads)), None),
    route("PATCH", "/api/v1/uploads/{id}", Rule::Role(User, Write(Uploads)), None),
    route("DELETE", "/api/v1/uploads/{id}", Rule::Role(User, Write(Uploads)), Some(Class::Write)),
    route("GET", "/api/v1/uploads/{id}/info", Rule::Role(User, Read(Uploads)), Some(Class::Read)),
    route("PATCH", "/api/v1/uploads/{id}/info", Rule::Role(User, Write(Uploads)), Some(Class::Write)),
    route("GET", "/api/v1/spaces", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("GET", "/api/v1/files/{space}", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("GET", "/api/v1/files/{space}/content", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("GET", "/api/v1/files/{space}/stat", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("PUT", "/api/v1/files/{space}/content", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/mkdir", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/rename", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/permissions", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("GET", "/api/v1/files/{space}/acl", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("PUT", "/api/v1/files/{space}/acl", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("DELETE", "/api/v1/files/{space}", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("GET", "/api/v1/files/{space}/trash", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("POST", "/api/v1/files/{space}/trash/{item}/restore", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/copy", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/archive", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/extract", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/remove", Rule::Role(User, Write(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/trash/empty", Rule::Role(User, Write(Files)), Some(Class::Write)),
    // They read, and take as long as what changes.
    route("POST", "/api/v1/files/{space}/checksum", Rule::Role(User, Read(Files)), Some(Class::Write)),
    route("POST", "/api/v1/files/{space}/search", Rule::Role(User, Read(Files)), Some(Class::Write)),
    route("GET", "/api/v1/files/tasks", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("GET", "/api/v1/files/tasks/{id}", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("GET", "/api/v1/files/tasks/{id}/found", Rule::Role(User, Read(Files)), Some(Class::Read)),
    route("DELETE", "/api/v1/files/tasks/{id}", Rule::Role(User, Write(Files)), Some(Class::Write)),
    // Browsers alone need tickets: whoever has a key sends it along with the request for the content.
    route("POST", "/api/v1/downloads", Session(User), Some(Class::Write)),
    // The ticket and the cookie that came with it say who asks.
    route("GET", "/api/v1/downloads/{ticket}", Public, Some(Class::Read)),
    route("GET", "/api/v1/notifications", Known, Some(Class::Read)),
    route("POST", "/api/v1/notifications/{id}/read", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/read-all", Session(Viewer), Some(Class::Write)),
    route("GET", "/api/v1/notifications/settings", Session(Viewer), Some(Class::Read)),
    // Where messages go to, and what they are signed with, outlives a key.
    route("PUT", "/api/v1/notifications/settings", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/email", Session(Viewer), Some(Class::Write)),
    route("DELETE", "/api/v1/notifications/email", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/email/confirm", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/webhook-secret", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/test", Session(Viewer), Some(Class::Write)),
    route("POST", "/api/v1/notifications/browsers", Session(Viewer), Some(Class::Write)),
    route("DELETE", "/api/v1/notifications/browsers/{id}", Session(Viewer), Some(Class::Write)),
];

const fn route(method: &'static str, path: &'static str, rule: Rule, class: Option<Class>) -> Route {
    Route { method, path, rule, class }
}
