//! Files of payments: each row is judged by itself, what was read of a field stands in the file in one piece, and a payment that
//! was read is read the same from its printed form.

use std::collections::BTreeMap;

use redress::probe::payments_csv;
use redress_core::environment::Environment;
use redress_core::id::AccountId;
use redress_engine::admin::payments::NewPayment;

/// The account that the corpus names: `acc_` and 26 letters.
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);

pub(super) fn run(input: &[u8]) {
    let accounts = BTreeMap::from([(ACCOUNT, Environment::Sandbox)]);
    let Ok(rows) = payments_csv(input, &accounts) else { return };
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'\r' => true,
        b'\n' => at == 0 || input[at - 1] != b'\r',
        _ => false,
    };
    let lines = input.iter().enumerate().filter(|one| ends(*one)).count() as u64 + 1;
    let mut before = 1;
    for (line, payment) in rows {
        // What came of a row is kept by its line: no two have one.
        assert!((before + 1..=lines).contains(&line), "line {line} after {before} of {lines}");
        before = line;
        if let Ok(payment) = payment {
            assert_eq!(payment.account, ACCOUNT);
            for text in [&payment.order_ref, &payment.psp_payment_id] {
                let written = text.replace('"', "\"\"");
                assert!(holds(input, &written), "{text:?} is glued together");
            }
            // The years before 0 are no payment's, and RFC 3339 writes none of them.
            if payment.captured_at.as_micros() < 0 {
                continue;
            }
            let printed = printed(&payment);
            let again = payments_csv(printed.as_bytes(), &accounts).expect("a header");
            assert_eq!(again, [(2, Ok(payment))], "{printed}");
        }
    }
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|part| part == text.as_bytes())
}

fn printed(payment: &NewPayment) -> String {
    let micros = payment.captured_at.as_micros();
    let captured_at = jiff::Timestamp::from_microsecond(micros).expect("it was read").to_string();
    let refunded = redress_core::money::Amount::new(payment.refunded_before, payment.captured.currency());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        payment.order_ref.clone(),
        payment.account.to_string(),
        payment.psp_payment_id.clone(),
        payment.captured.currency().code().to_owned(),
        payment.captured.to_fixed(),
        captured_at,
        refunded.to_fixed(),
        payment.environment.as_str().to_owned(),
        text(&payment.merchant_order_ref),
        text(&payment.channel),
        text(&payment.payment_method),
        text(&payment.customer_ref),
        text(&payment.notification_url),
    ];
    let quoted: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
    format!(
        "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,refunded_before,environment,\
         merchant_order_ref,channel,payment_method,customer_ref,notification_url\n{}\n",
        quoted.join(",")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise no payment would ever be looked at.
    #[test]
    fn a_printed_payment_is_read() {
        let file = format!(
            "order_ref,psp_account,psp_payment_id,currency,amount,captured_at,refunded_before\n\
             \"o \"\"1\",{ACCOUNT},p-1,KWD,100.5,2026-01-02T03:04:05+03:00,0.5\n"
        );
        let accounts = BTreeMap::from([(ACCOUNT, Environment::Sandbox)]);
        let rows = payments_csv(file.as_bytes(), &accounts).unwrap();
        let [(2, Ok(payment))] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((payment.captured.minor(), payment.refunded_before), (100_500, 500));
        run(file.as_bytes());
    }
}
