use super::super::testing::{Call, Client};
use crate::testing::Harness;

#[tokio::test]
async fn the_callers_own_merchant_is_told_with_every_documented_field() {
    let harness = Harness::new().await;
    let answer = Client::of(&harness).send(&harness, &Call::merchant(harness.merchant.code)).await;
    let expected = concat!(
        r#"{"invoicePrefix":null,"id":"M948164","name":"Test","status":"enabled","ownerId":null,"name_en":null,"#,
        r#""CR_file":null,"CR_number":null,"CR_vatNumber":null,"CR_expiredAt":null,"address":null,"telephone":null,"#,
        r#""scope":null,"legalPerson":null,"mcc":null,"agencyId":null,"currencys":null,"currencies":null,"#,
        r#""addressFile":null,"vatFile":null,"nationalId":null,"logoFile":null,"website":null,"email":null,"#,
        r#""city":null,"district":null,"street":null,"zipcode":null,"feeRate":null,"statementStatus":null,"#,
        r#""bankCardWhiteList":null,"createdAt":"2026-11-18T15:06:40.123Z","updatedAt":"2026-11-18T15:06:40.123Z","#,
        r#""owner":{"id":null,"name":null,"mobile":null}}"#,
    );
    assert_eq!((answer.status.as_u16(), answer.text()), (200, expected));
}
