use super::*;
use crate::ops::fixtures::{MERCHANT, STRANGER, at, id, world};
use crate::testing::{TestStores, fail_every_statement};

fn entry(merchant: MerchantId, n: u32, user: Option<u32>, object: &str) -> AuditEntry {
    AuditEntry {
        merchant,
        id: AuditId::from_bytes(id(12, n)),
        user: user.map(|n| UserId::from_bytes(id(11, n))),
        actor: "mai@shop.example".to_owned(),
        deed: Deed::KeyAdded,
        object: Some(object.to_owned()),
        detail: None,
        address: Some("192.0.2.1".to_owned()),
        agent: None,
        happened_at: at(n.into()),
    }
}

#[tokio::test]
async fn the_trail_is_read_newest_first_by_person_and_by_object() {
    TestStores::each(|store| async move {
        world(&store).await;
        let entries = [
            entry(MERCHANT, 1, Some(1), "key_1"),
            entry(MERCHANT, 2, Some(2), "key_1"),
            entry(MERCHANT, 3, Some(1), "key_2"),
            AuditEntry { detail: Some("live".to_owned()), ..entry(MERCHANT, 4, None, "key_2") },
            entry(STRANGER, 5, Some(1), "key_1"),
        ];
        for of in &entries {
            fail_every_statement(&store, || NoteDeed(of.clone())).await.0.unwrap();
        }
        let list = async |of, before: Option<u32>, limit| {
            let before = before.map(|n| entries[n as usize - 1].id);
            let page = store.read(ListAudit { merchant: MERCHANT, of, before, limit }).await.unwrap();
            let numbers: Vec<_> =
                page.iter().map(|of| entries.iter().position(|one| one == of).unwrap() + 1).collect();
            numbers
        };
        let person = AuditOf::User(UserId::from_bytes(id(11, 1)));
        let object = AuditOf::Object("key_1".to_owned());
        assert_eq!(list(AuditOf::Everybody, None, 9).await, [4, 3, 2, 1]);
        assert_eq!(list(AuditOf::Everybody, Some(4), 2).await, [3, 2]);
        assert_eq!(list(person.clone(), None, 9).await, [3, 1], "nobody else's, and of no other merchant");
        assert_eq!(list(person, Some(3), 9).await, [1]);
        assert_eq!(list(object, None, 9).await, [2, 1]);
    })
    .await;
}
