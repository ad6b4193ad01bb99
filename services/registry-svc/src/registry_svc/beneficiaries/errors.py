"""What can be wrong with a beneficiary."""

from tht_kit.errors import DomainError, Text


class BeneficiaryNotFound(DomainError):
    type = "beneficiary-not-found"
    status = 404
    title = Text(zh="受益方不存在", en="Beneficiary not found")
    detail = Text(
        zh="没有编号为 {beneficiary_id} 的受益方。", en="There is no beneficiary {beneficiary_id}."
    )
    fix = Text(
        zh="请核对编号，或先提出：POST /v1/beneficiaries。",
        en="Check the id, or propose it first: POST /v1/beneficiaries.",
    )


class BeneficiaryExists(DomainError):
    type = "beneficiary-exists"
    status = 409
    title = Text(zh="受益方已有记录", en="The beneficiary is on record already")
    detail = Text(
        zh="同一受益方已有记录 {beneficiary_id}（{status}）。",
        en="The same beneficiary is on record as {beneficiary_id} ({status}).",
    )
    fix = Text(
        zh="请使用该记录；若确非同一方，请补充证件或编号以示区别。",
        en="Use that record; if it is truly another, state the identifier that tells them apart.",
    )


class BeneficiaryIsOrganisation(DomainError):
    type = "beneficiary-is-organisation"
    status = 409
    title = Text(zh="受益方是已登记单位", en="The beneficiary is a registered organisation")
    detail = Text(
        zh="代码 {code} 属于已登记单位 {organisation_code}。",
        en="The code {code} belongs to the registered organisation {organisation_code}.",
    )
    fix = Text(
        zh="请直接以该单位的统一社会信用代码为受益方。",
        en="Name the organisation by its code instead.",
    )


class IdentifiersNotKept(DomainError):
    type = "identifiers-not-kept"
    status = 409
    title = Text(zh="本平台不保存个人证件摘要", en="This platform keeps no hashes of documents")
    detail = Text(
        zh="未配置 REGISTRY_IDENTITY_KEY，不能接受个人证件摘要。",
        en="REGISTRY_IDENTITY_KEY is not set: the hash of a person's document cannot be kept.",
    )
    fix = Text(
        zh="请去掉证件摘要，或由运营方配置该密钥。",
        en="Leave the hash out, or have the operator set the key.",
    )
