//! Merchants: the owners of everything else.

use redress_core::id::MerchantId;
use redress_store::ops::merchants::{
    AddMerchant, FindMerchant, FindMerchantByCode, ListMerchants, MerchantAdding,
};

pub use redress_store::ops::merchants::Merchant;

use super::{AdminError, NAME_BYTES_MAX, PAGE_ROWS, check_text};
use crate::engine::Engine;

/// The longest code of a merchant, in characters.
pub const CODE_CHARACTERS_MAX: usize = 32;

/// So many codes are drawn before a merchant without one is refused; they have six digits, as SGate's.
const CODE_DRAWS_MAX: usize = 20;

impl Engine {
    /// Adds a merchant. `code` is SGate's merchant id; `None` draws one shaped as `M948164`.
    ///
    /// # Errors
    /// [`AdminError::Conflict`] when another merchant has the code.
    pub async fn add_merchant(&self, name: &str, code: Option<&str>) -> Result<Merchant, AdminError> {
        check_text("name", name, NAME_BYTES_MAX)?;
        if let Some(code) = code {
            check_code(code)?;
            let taken = || AdminError::conflict(format!("the code {code} belongs to another merchant"));
            return self.try_merchant(name, code.to_owned()).await?.ok_or_else(taken);
        }
        for _ in 0..CODE_DRAWS_MAX {
            let code = format!("M{}", 100_000 + self.parts.world.random.u64() % 900_000);
            if let Some(merchant) = self.try_merchant(name, code).await? {
                return Ok(merchant);
            }
        }
        Err(AdminError::conflict("nearly all codes of six digits are taken: choose one"))
    }

    async fn try_merchant(&self, name: &str, code: String) -> Result<Option<Merchant>, AdminError> {
        let now = self.now();
        let id = MerchantId::new(now, self.parts.world.random.bytes10());
        let merchant = Merchant { id, code, name: name.to_owned(), created_at: now, revoked_at: None };
        match self.parts.store.run(AddMerchant(merchant.clone())).await? {
            MerchantAdding::Added => Ok(Some(merchant)),
            MerchantAdding::CodeTaken => Ok(None),
        }
    }

    /// A merchant by its id.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn merchant(&self, id: MerchantId) -> Result<Option<Merchant>, AdminError> {
        Ok(self.parts.store.read(FindMerchant(id)).await?)
    }

    /// A merchant as people name it: by its code or its id.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn merchant_named(&self, code_or_id: &str) -> Result<Merchant, AdminError> {
        let by_code = self.parts.store.read(FindMerchantByCode(code_or_id.to_owned())).await?;
        let found = match (by_code, MerchantId::parse(code_or_id)) {
            (None, Ok(id)) => self.merchant(id).await?,
            (by_code, _) => by_code,
        };
        found.ok_or(AdminError::NotFound("merchant"))
    }

    /// All merchants, oldest first.
    ///
    /// # Errors
    /// [`AdminError::Engine`] when the store cannot be asked.
    pub async fn list_merchants(&self) -> Result<Vec<Merchant>, AdminError> {
        let mut all: Vec<Merchant> = Vec::new();
        loop {
            let after = all.last().map(|last| last.id);
            let page = self.parts.store.read(ListMerchants { after, limit: PAGE_ROWS }).await?;
            let full = page.len() == PAGE_ROWS as usize;
            all.extend(page);
            if !full {
                return Ok(all);
            }
        }
    }
}

/// Letters, digits, `-` and `_`: it stands in addresses and headers.
fn check_code(code: &str) -> Result<(), AdminError> {
    let fits = (1..=CODE_CHARACTERS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    // A code that reads as an id would name two merchants.
    if fits && MerchantId::parse(code).is_err() {
        return Ok(());
    }
    let problem = format!("must be 1 to {CODE_CHARACTERS_MAX} letters, digits, - or _, and no id");
    Err(AdminError::invalid("code", problem))
}
