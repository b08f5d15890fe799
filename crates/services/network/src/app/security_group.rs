//! Security groups. Each project has a group `default`, made at its first use.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ferrostack_auth::Ctx;
use ferrostack_base::Timestamp;
use ferrostack_db::DbError;

use crate::{
    Network,
    app::{access::owner, quota::Resource, retry},
    error::NetworkError,
    ids::{Kind, SecurityGroupId, SecurityGroupRuleId},
    policy::Asked,
    store::{self, Standard, security_group::SecurityGroupRow, security_group_rule::SecurityGroupRuleRow},
    wire::security_group::{CreateSecurityGroup, WithRules},
};

/// The name of each project's first group.
pub(crate) const DEFAULT: &str = "default";

/// The default groups that are known to exist, so that not each new port asks the database. A group that was deleted
/// meanwhile is found out by the reference of the port to it.
#[derive(Default)]
pub(crate) struct DefaultGroups(Mutex<HashMap<String, SecurityGroupId>>);

impl DefaultGroups {
    fn get(&self, project: &str) -> Option<SecurityGroupId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(project).copied()
    }

    fn set(&self, project: &str, id: SecurityGroupId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(project.to_owned(), id);
    }

    /// Forgets a project's group.
    pub(crate) fn forget(&self, project: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }
}

/// A rule of a new group.
fn rule(
    group: &SecurityGroupRow,
    direction: &str,
    ethertype: &str,
    remote: Option<SecurityGroupId>,
    now: Timestamp,
) -> SecurityGroupRuleRow {
    SecurityGroupRuleRow {
        id: SecurityGroupRuleId::new(),
        project_id: group.project_id.clone(),
        group_id: group.id,
        direction: direction.to_owned(),
        ethertype: ethertype.to_owned(),
        protocol: None,
        port_range_min: None,
        port_range_max: None,
        remote_ip_prefix: None,
        remote_group_id: remote,
        standard: Standard::new(String::new(), now),
    }
}

/// What a new group allows: everything out; the default one also what comes from its own members.
fn first_rules(group: &SecurityGroupRow, is_default: bool, now: Timestamp) -> Vec<SecurityGroupRuleRow> {
    let mut rules = vec![rule(group, "egress", "IPv4", None, now), rule(group, "egress", "IPv6", None, now)];
    if is_default {
        rules.push(rule(group, "ingress", "IPv4", Some(group.id), now));
        rules.push(rule(group, "ingress", "IPv6", Some(group.id), now));
    }
    rules
}

impl Network {
    /// The project's default group; made now if it has none.
    pub(crate) async fn ensure_default_group(&self, project_id: &str) -> Result<SecurityGroupId, NetworkError> {
        if let Some(known) = self.default_groups().get(project_id) {
            return Ok(known);
        }
        let found = match store::security_group::find_default(self.db(), project_id).await? {
            Some(found) => found,
            None => self.make_default_group(project_id).await?,
        };
        self.default_groups().set(project_id, found);
        Ok(found)
    }

    async fn make_default_group(&self, project_id: &str) -> Result<SecurityGroupId, NetworkError> {
        let now = self.clock().now();
        let group = SecurityGroupRow {
            id: SecurityGroupId::new(),
            project_id: project_id.to_owned(),
            name: DEFAULT.to_owned(),
            stateful: true,
            standard: Standard::new("Default security group".to_owned(), now),
        };
        let rules = first_rules(&group, true, now);
        let (group, rules) = (&group, &rules);
        let made = self
            .db()
            .tx(|tx| async move {
                store::security_group::insert_default(&tx, group).await?;
                self.count_quota(&tx, project_id, &group.id.to_string(), Resource::SecurityGroups).await?;
                store::security_group::insert(&tx, group).await?;
                for rule in rules {
                    self.count_quota(&tx, project_id, &rule.id.to_string(), Resource::SecurityGroupRules).await?;
                }
                store::security_group_rule::insert(&tx, rules).await?;
                self.enqueue(&tx, &[(Kind::SecurityGroup, group.id.0, group.standard.revision)]).await
            })
            .await;
        match made {
            Ok(()) => Ok(group.id),
            Err(NetworkError::Db(error)) if error.is_duplicate() => {
                // Within a transaction, for the other one's row may be written but not committed yet.
                let find = |tx| async move { store::security_group::find_default(&tx, project_id).await };
                let other = self.db().tx(find).await?;
                other.ok_or(NetworkError::Db(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// The groups with their rules, in the same order.
pub(crate) async fn with_rules(net: &Network, groups: Vec<SecurityGroupRow>) -> Result<Vec<WithRules>, NetworkError> {
    let ids: Vec<SecurityGroupId> = groups.iter().map(|group| group.id).collect();
    let mut rules: HashMap<SecurityGroupId, Vec<SecurityGroupRuleRow>> = HashMap::new();
    for chunk in ids.chunks(500) {
        for rule in store::security_group_rule::list_of_groups(net.db(), chunk).await? {
            rules.entry(rule.group_id).or_default().push(rule);
        }
    }
    Ok(groups
        .into_iter()
        .map(|group| WithRules { rules: rules.remove(&group.id).unwrap_or_default(), group })
        .collect())
}

/// One group with its rules.
pub(crate) async fn one_with_rules(net: &Network, group: SecurityGroupRow) -> Result<WithRules, NetworkError> {
    let rules = store::security_group_rule::list_of_groups(net.db(), &[group.id]).await?;
    Ok(WithRules { group, rules })
}

/// Makes a group.
pub(crate) async fn create(cx: &Ctx, net: &Network, wanted: CreateSecurityGroup) -> Result<WithRules, NetworkError> {
    let now = net.clock().now();
    let group = SecurityGroupRow {
        id: SecurityGroupId::new(),
        project_id: owner(cx, wanted.project_id.value())?,
        name: wanted.name.value().unwrap_or_default(),
        stateful: wanted.stateful.value().is_none_or(|flag| flag.0),
        standard: Standard::new(wanted.description.value().unwrap_or_default(), now),
    };
    cx.allow("create_security_group", &Asked::of(&group.project_id))?;
    if group.name.eq_ignore_ascii_case(DEFAULT) {
        return Err(NetworkError::conflict(
            "SecurityGroupDefaultAlreadyExists",
            "Default security group already exists.",
        ));
    }
    net.ensure_default_group(&group.project_id).await?;
    let made = WithRules { rules: first_rules(&group, false, now), group };
    let WithRules { group, rules } = &made;
    net.db()
        .tx(|tx| async move {
            net.take_quota(&tx, &group.project_id, &group.id.to_string(), Resource::SecurityGroups).await?;
            store::security_group::insert(&tx, group).await?;
            for rule in rules {
                net.take_quota(&tx, &group.project_id, &rule.id.to_string(), Resource::SecurityGroupRules).await?;
            }
            store::security_group_rule::insert(&tx, rules).await?;
            net.enqueue(&tx, &[(Kind::SecurityGroup, group.id.0, group.standard.revision)]).await
        })
        .await?;
    Ok(made)
}

/// Changes a group.
pub(crate) async fn update(
    cx: &Ctx,
    net: &Network,
    id: &str,
    patch: &CreateSecurityGroup,
) -> Result<WithRules, NetworkError> {
    let group = retry!(update_once(cx, net, id, patch))?;
    one_with_rules(net, group).await
}

async fn update_once(
    cx: &Ctx,
    net: &Network,
    id: &str,
    patch: &CreateSecurityGroup,
) -> Result<SecurityGroupRow, NetworkError> {
    let mut row = net.find_security_group(cx, id, "update_security_group").await?;
    let renamed = patch.name.as_value().is_some_and(|name| *name != row.name);
    if renamed && store::security_group::is_default(net.db(), row.id).await? {
        return Err(NetworkError::conflict(
            "SecurityGroupCannotUpdateDefault",
            "Updating default security group not allowed.",
        ));
    }
    if renamed && patch.name.as_value().is_some_and(|name| name.eq_ignore_ascii_case(DEFAULT)) {
        return Err(NetworkError::conflict(
            "SecurityGroupDefaultAlreadyExists",
            "Default security group already exists.",
        ));
    }
    let stateful = patch.stateful.value().map_or(row.stateful, |flag| flag.0);
    if stateful != row.stateful && is_used(net, row.id).await? {
        return Err(in_use(row.id));
    }
    row.stateful = stateful;
    patch.name.clone().apply_to(&mut row.name);
    patch.description.clone().apply_to(&mut row.standard.description);
    row.standard.touch(net.clock().now());
    let row = &row;
    net.db()
        .tx(|tx| async move {
            if !store::security_group::update(&tx, row).await? {
                return Err(NetworkError::Raced { kind: Kind::SecurityGroup, id: row.id.to_string() });
            }
            net.enqueue(&tx, &[(Kind::SecurityGroup, row.id.0, row.standard.revision)]).await
        })
        .await?;
    Ok(row.clone())
}

async fn is_used(net: &Network, id: SecurityGroupId) -> Result<bool, DbError> {
    let sql = "SELECT port_id FROM port_security_group WHERE group_id = ? LIMIT 1";
    Ok(ferrostack_db::Read::one(net.db(), sql, ferrostack_db::args![id]).await?.is_some())
}

fn in_use(id: SecurityGroupId) -> NetworkError {
    NetworkError::conflict("SecurityGroupInUse", format!("Security Group {id} in use."))
}

/// Deletes a group that no port uses, with the rules of other groups that name it.
pub(crate) async fn delete(cx: &Ctx, net: &Network, id: &str) -> Result<(), NetworkError> {
    let row = net.find_security_group(cx, id, "delete_security_group").await?;
    if !cx.is_admin() && store::security_group::is_default(net.db(), row.id).await? {
        return Err(NetworkError::conflict(
            "SecurityGroupCannotRemoveDefault",
            "Insufficient rights for removing default security group.",
        ));
    }
    let (row, now) = (&row, net.clock().now());
    let deleted = net
        .db()
        .tx(|tx| async move {
            let mut changed = vec![(Kind::SecurityGroup, row.id.0, row.standard.revision + 1)];
            let mut gone = store::security_group_rule::list_of_groups(&tx, &[row.id]).await?;
            for rule in store::security_group_rule::list_of_remote(&tx, row.id).await? {
                if rule.group_id == row.id {
                    continue;
                }
                store::security_group::lock(&tx, rule.group_id, now).await?;
                store::security_group_rule::delete(&tx, rule.id).await?;
                changed.push((Kind::SecurityGroup, rule.group_id.0, 0));
                gone.push(rule);
            }
            if !store::security_group::delete(&tx, row.id).await? {
                return Err(NetworkError::not_found(Kind::SecurityGroup, row.id));
            }
            for rule in gone {
                ferrostack_quota::give_back(&tx, &rule.id.to_string()).await?;
            }
            store::tag::delete(&tx, &row.id.to_string()).await?;
            ferrostack_quota::give_back(&tx, &row.id.to_string()).await?;
            net.enqueue(&tx, &changed).await
        })
        .await;
    match deleted {
        Err(NetworkError::Db(DbError::Reference)) => Err(in_use(row.id)),
        Ok(()) => {
            net.default_groups().forget(&row.project_id);
            Ok(())
        }
        other => other,
    }
}
