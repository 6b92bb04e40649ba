//! What must be right before the first byte is read. Pure: facts in, everything that is wrong out, all at once.

use crate::{
    manifest::Skipped,
    name::{QualifiedName, quote_identifier},
    source::catalog::{LargeObjectFacts, Relation, SequenceName},
};
use std::collections::BTreeSet;

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
    /// Those of them that `pg_dump` must not touch either: it locks each table whose definition it reads, and a lock
    /// needs the same right. The sequences of their columns go with them.
    pub excluded: Vec<QualifiedName>,
    /// The same for the manifest.
    pub skipped: Vec<Skipped>,
    /// Remarks.
    pub warnings: Vec<String>,
}

/// Judges the findings; names every missing right at once.
pub fn judge(found: &Findings<'_>, allowed: &Allowances) -> Result<Verdict, PreflightError> {
    let role = quote_identifier(found.role);
    let (mut verdict, mut missing) = (Verdict::default(), Vec::new());
    let mut closed = BTreeSet::new();
    for relation in found.relations {
        let name = relation.name.to_string();
        let readable = relation.readable && relation.schema_usable;
        if found.standby && relation.unlogged {
            let why = "unlogged tables cannot be read on a standby";
            verdict.leave_out(relation.oid, format!("rows of {name}"), why);
        } else if readable && !relation.row_security {
        } else if allowed.skip_unreadable.contains(&name) {
            verdict.pass_over(relation, readable);
        } else {
            if !relation.schema_usable {
                closed.insert(&relation.name.schema);
            }
            missing.extend(missing_for(relation, &role));
        }
    }
    for sequence in verdict.sequences_to_read(found) {
        if !sequence.schema_usable {
            closed.insert(&sequence.name.schema);
        }
        if !sequence.readable {
            let (name, quoted) = (&sequence.name, sequence.name.sql());
            missing.push(format!(
                "SELECT on sequence {name} (GRANT SELECT ON SEQUENCE {quoted} TO {role})"
            ));
        }
    }
    missing.extend(closed.into_iter().map(|schema| {
        let quoted = quote_identifier(schema);
        format!("USAGE on schema {schema} (GRANT USAGE ON SCHEMA {quoted} TO {role})")
    }));
    if found.large_objects.count > 0 && !found.large_objects.readable {
        missing.push(format!(
            "{} large objects (GRANT SELECT ON pg_catalog.pg_largeobject TO {role}, or GRANT pg_read_all_data)",
            found.large_objects.count
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

/// What hinders `role` from reading a table, its schema apart.
fn missing_for(relation: &Relation, role: &str) -> Option<String> {
    let name = &relation.name;
    if !relation.readable {
        let quoted = name.sql();
        Some(format!(
            "SELECT on {name} (GRANT SELECT ON {quoted} TO {role})"
        ))
    } else if relation.row_security {
        Some(format!(
            "{name} has row security that would hide rows (ALTER ROLE {role} BYPASSRLS, or back up as its owner)"
        ))
    } else {
        None
    }
}

impl Verdict {
    fn leave_out(&mut self, oid: u32, what: String, why: &str) {
        self.skip.push(oid);
        self.skipped.push(Skipped {
            what,
            why: why.to_owned(),
        });
    }

    /// Leaves out a table as the configuration allows: whole when it cannot be locked, else its rows alone.
    fn pass_over(&mut self, relation: &Relation, readable: bool) {
        let why = "the role may not read it and the configuration allows to leave it out";
        let name = &relation.name;
        if readable {
            self.leave_out(relation.oid, format!("rows of {name}"), why);
        } else {
            self.leave_out(relation.oid, format!("table {name}"), why);
            self.excluded.push(name.clone());
        }
    }

    /// The sequences without those that go with their table, and those that a standby cannot read.
    fn sequences_to_read<'a>(&mut self, found: &Findings<'a>) -> Vec<&'a SequenceName> {
        let of_excluded = |sequence: &&SequenceName| {
            let table = sequence.table.as_ref();
            table.is_some_and(|table| self.excluded.contains(table))
        };
        let (with_table, mut others): (Vec<_>, Vec<_>) =
            found.sequences.iter().partition(of_excluded);
        let names = with_table.into_iter().map(|sequence| sequence.name.clone());
        self.excluded.extend(names);
        others.retain(|sequence| !(found.standby && sequence.unlogged));
        others
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
mod tests;
