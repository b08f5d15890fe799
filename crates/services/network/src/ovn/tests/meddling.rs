//! What somebody takes away behind the service's back comes back by itself.

use ferrostack_ovn::Mutation;

use super::*;

#[tokio::test]
async fn rows_that_somebody_deletes_come_back_at_once() {
    for world in World::each().await {
        world.put(&routed()).await;
        world.settle().await;
        world.assert_clean().await;
        // `ovn-nbctl lsp-del`, `lr-nat-del`, and a switch with all its ports.
        let port: RowRef = id(10).into();
        let leave =
            Operation::mutate(LogicalSwitch::TABLE, [Condition::uuid(id(1))], [Mutation::delete("ports", [&port])]);
        let no_nat = Operation::update(
            LogicalRouter::TABLE,
            [Condition::uuid(id(30))],
            Row::new().with("nat", Value::empty_set()),
        );
        for deed in [vec![leave], vec![no_nat], vec![Operation::delete(LogicalSwitch::TABLE, [Condition::uuid(id(1))])]]
        {
            world.meddle(&deed).await;
            world.until("all is there again", async || audit(world.net()).await.unwrap().is_empty()).await;
        }
        assert!(world.row::<LogicalSwitchPort>(id(10)).is_some());
        assert_eq!(world.row::<LogicalRouter>(id(30)).unwrap().nat.len(), 2);
        assert_eq!(world.queued().await, 0);
    }
}
