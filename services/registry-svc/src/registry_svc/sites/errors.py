"""What can be wrong with a site: a meter, parcel or vehicle that another project holds."""

from tht_kit.errors import DomainError, Text


class SiteTaken(DomainError):
    type = "site-taken"
    status = 409
    title = Text(zh="电表或地块已属于其他项目", en="A meter or parcel is in another project")
    detail = Text(
        zh="{count} 个电表或地块已属于其他项目。",
        en="{count} meter(s) or parcel(s) are in another project.",
    )
    fix = Text(
        zh="同一电表、同一地块只能属于一个项目，请核对编号。",
        en="A meter or parcel can be in one project only: check the numbers.",
    )


class SiteBarred(DomainError):
    type = "site-barred"
    status = 409
    title = Text(
        zh="电表或地块属于已注销项目", en="A meter or parcel belongs to a deregistered project"
    )
    detail = Text(
        zh="{count} 个电表或地块不能登记，其中有已注销项目的，永久不得再次登记。",
        en="{count} meter(s) or parcel(s) are taken, some by a deregistered project: barred for ever.",
    )
    fix = Text(
        zh="已注销项目不得以任何形式重新登记。",
        en="A deregistered project can never be registered again in any form.",
    )
