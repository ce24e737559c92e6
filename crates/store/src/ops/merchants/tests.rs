use redress_core::id::MerchantId;

use super::*;
use crate::ops::fixtures::at;
use crate::ops::settings_version::SettingsVersion;
use crate::testing::{TestStores, fail_every_statement};

fn merchant(n: u8, code: &str) -> Merchant {
    let id = MerchantId::from_bytes([n; 16]);
    Merchant { id, code: code.to_owned(), name: format!("Merchant {n}"), created_at: at(i64::from(n)) }
}

#[tokio::test]
async fn merchants_are_added_once_a_code_found_and_listed() {
    TestStores::each(|store| async move {
        let version = store.read(SettingsVersion).await.unwrap();
        let (first, second) = (merchant(1, "M948164"), merchant(2, "M000002"));
        let (added, _) = fail_every_statement(&store, || AddMerchant(first.clone())).await;
        assert_eq!(added, Ok(MerchantAdding::Added));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1), "servers notice");

        let taken = store.run(AddMerchant(merchant(3, "M948164"))).await;
        assert_eq!(taken, Ok(MerchantAdding::CodeTaken));
        assert_eq!(store.read(SettingsVersion).await, Ok(version + 1));
        assert_eq!(store.run(AddMerchant(second.clone())).await, Ok(MerchantAdding::Added));

        assert_eq!(store.read(FindMerchant(first.id)).await, Ok(Some(first.clone())));
        assert_eq!(store.read(FindMerchant(MerchantId::from_bytes([3; 16]))).await, Ok(None));
        assert_eq!(store.read(FindMerchantByCode("M000002".to_owned())).await, Ok(Some(second.clone())));
        assert_eq!(store.read(FindMerchantByCode("m000002".to_owned())).await, Ok(None));

        let page = store.read(ListMerchants { after: None, limit: 1 }).await.unwrap();
        assert_eq!(page, std::slice::from_ref(&first));
        let page = store.read(ListMerchants { after: Some(first.id), limit: 9 }).await.unwrap();
        assert_eq!(page, [second]);
    })
    .await;
}
