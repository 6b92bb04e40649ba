//! What must be right before the first byte is read. Pure: facts in, everything that is wrong out, all at once.

use crate::{
    manifest::Skipped,
    source::catalog::{LargeObjectFacts, Relation, SequenceName},
};

/// What is in the way of a backup.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreflightError {
    /// Rights are missing.
    #[error("the role {role} may not read everything: {}", missing.join("; "))]
    Rights {
        /// Who we are.
        role: String,
        /// Each missing right with the statement that gives it.
        missing: Vec<String>,
    },
    /// A pooler gives us another backend from one statement to the next.
    #[error(
        "the connection goes through a pooler in transaction mode, which cannot hold a snapshot: connect to the server itself"
    )]
    Pooler,
    /// A standby is too far behind.
    #[error("the standby is {lag} s behind, more than max_replica_lag ({limit} s)")]
    Lag {
        /// Seconds behind.
        lag: i64,
        /// The limit.
        limit: i64,
    },
    /// Citus keeps rows on other servers.
    #[error(
        "the database uses {0}, whose distributed tables this backup cannot see: use its own tools"
    )]
    Distributed(&'static str),
}

/// What the role may leave out on purpose.
#[derive(Debug, Clone, Default)]
pub struct Allowances {
    /// Tables, as `schema.name`, that may be skipped when they cannot be read.
    pub skip_unreadable: Vec<String>,
}

/// What was found in the catalogues.
pub struct Findings<'a> {
    /// Our role.
    pub role: &'a str,
    /// Whether the server is a standby.
    pub standby: bool,
    /// Tables.
    pub relations: &'a [Relation],
    /// Sequences.
    pub sequences: &'a [SequenceName],
    /// Large objects.
    pub large_objects: &'a LargeObjectFacts,
    /// Transactions prepared for two-phase commit in this database.
    pub prepared_transactions: i64,
    /// How many locks the server's lock table has room for.
    pub lock_slots: i64,
}

/// What will be left out, and what a person should know.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Oids of tables that are not read.
    pub skip: Vec<u32>,
    /// The same for the manifest.
    pub skipped: Vec<Skipped>,
    /// Remarks.
    pub warnings: Vec<String>,
}

/// Judges the findings; names every missing right at once.
pub fn judge(found: &Findings<'_>, allowed: &Allowances) -> Result<Verdict, PreflightError> {
    let (mut verdict, mut missing) = (Verdict::default(), Vec::new());
    for relation in found.relations {
        let name = relation.name.to_string();
        if found.standby && relation.unlogged {
            let why = "unlogged tables cannot be read on a standby";
            verdict.leave_out(relation.oid, &name, why);
        } else if relation.readable && !relation.row_security {
        } else if allowed.skip_unreadable.contains(&name) {
            let why = "the role may not read it and the configuration allows to leave it out";
            verdict.leave_out(relation.oid, &name, why);
        } else if relation.readable {
            missing.push(format!(
                "{name} has row security that would hide rows (ALTER ROLE {} BYPASSRLS, or back up as its owner)",
                found.role
            ));
        } else {
            missing.push(format!(
                "SELECT on {name} (GRANT SELECT ON {} TO {})",
                relation.name.sql(),
                found.role
            ));
        }
    }
    for sequence in found.sequences {
        let is_copied = !(found.standby && sequence.unlogged);
        if is_copied && !sequence.readable {
            missing.push(format!(
                "SELECT on sequence {} (GRANT SELECT ON SEQUENCE {} TO {})",
                sequence.name,
                sequence.name.sql(),
                found.role
            ));
        }
    }
    if found.large_objects.count > 0 && !found.large_objects.readable {
        missing.push(format!(
            "{} large objects (GRANT SELECT ON pg_catalog.pg_largeobject TO {}, or GRANT pg_read_all_data)",
            found.large_objects.count, found.role
        ));
    }
    if !missing.is_empty() {
        return Err(PreflightError::Rights {
            role: found.role.to_owned(),
            missing,
        });
    }
    verdict.remark(found);
    Ok(verdict)
}

impl Verdict {
    fn leave_out(&mut self, oid: u32, name: &str, why: &str) {
        self.skip.push(oid);
        self.skipped.push(Skipped {
            what: format!("rows of {name}"),
            why: why.to_owned(),
        });
    }

    fn remark(&mut self, found: &Findings<'_>) {
        if found.prepared_transactions > 0 {
            self.warnings.push(format!(
                "{} prepared transactions are pending: their rows are not in this backup",
                found.prepared_transactions
            ));
        }
        // One session locks every table; half the table is left to everybody else.
        let wanted = i64::try_from(found.relations.len()).unwrap_or(i64::MAX);
        if wanted > found.lock_slots / 2 {
            self.warnings.push(format!(
                "{wanted} tables take more than half of the lock table ({} slots): raise max_locks_per_transaction",
                found.lock_slots
            ));
        }
    }
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
