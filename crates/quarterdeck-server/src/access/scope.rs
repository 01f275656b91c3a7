//! What an API key may do: an area of the API, read or written.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Part of what a key may do: `jobs:read`. Writing does not include reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Read(Area),
    Write(Area),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    Jobs,
    Images,
    Templates,
    Uploads,
    Files,
    Nodes,
    Storage,
    Audit,
    Users,
}

impl Area {
    const ALL: [Area; 9] = [
        Area::Jobs,
        Area::Images,
        Area::Templates,
        Area::Uploads,
        Area::Files,
        Area::Nodes,
        Area::Storage,
        Area::Audit,
        Area::Users,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Area::Jobs => "jobs",
            Area::Images => "images",
            Area::Templates => "templates",
            Area::Uploads => "uploads",
            Area::Files => "files",
            Area::Nodes => "nodes",
            Area::Storage => "storage",
            Area::Audit => "audit",
            Area::Users => "users",
        }
    }
}

impl Scope {
    pub fn all() -> impl Iterator<Item = Scope> {
        Area::ALL.into_iter().flat_map(|area| [Scope::Read(area), Scope::Write(area)])
    }

    pub fn parse(text: &str) -> Option<Scope> {
        Scope::all().find(|scope| scope.to_string() == text)
    }

    fn bit(self) -> u32 {
        match self {
            Scope::Read(area) => 1 << (area as u32 * 2),
            Scope::Write(area) => 1 << (area as u32 * 2 + 1),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Read(area) => write!(f, "{}:read", area.as_str()),
            Scope::Write(area) => write!(f, "{}:write", area.as_str()),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scope, D::Error> {
        let text = String::deserialize(deserializer)?;
        Scope::parse(&text).ok_or_else(|| D::Error::custom(format!("\"{text}\" is not a scope")))
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::all().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_a_name_and_a_place_of_its_own() {
        for scope in Scope::all() {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
            let alone: Scopes = [scope].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [scope]);
        }
        assert_eq!(Scope::all().count(), 18);
        assert_eq!(Scope::parse("jobs"), None);
        assert_eq!(Scope::parse("jobs:*"), None);
    }
}
