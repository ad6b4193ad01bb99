"""What can be wrong with a site: a meter, parcel or vehicle that another project holds."""

from tht_kit.errors import DomainError, Text


class SiteTaken(DomainError):
    type = "site-taken"
    status = 409
    title = Text(
        zh="电表、地块或车辆已属于其他项目", en="A meter, parcel or vehicle is in another project"
    )
    detail = Text(
        zh="{count} 个电表、地块或车辆已属于其他项目。",
        en="{count} meter(s), parcel(s) or vehicle(s) are in another project.",
    )
    fix = Text(
        zh="同一电表、地块或车辆只能属于一个项目，请核对编号。",
        en="A meter, parcel or vehicle can be in one project only: check the numbers.",
    )


class SiteBarred(DomainError):
    type = "site-barred"
    status = 409
    title = Text(
        zh="电表、地块、车辆或场址属于已注销项目",
        en="A meter, parcel, vehicle or place belongs to a deregistered project",
    )
    detail = Text(
        zh="{count} 项不能登记，其中有已注销项目的，永久不得再次登记。",
        en="{count} of them are taken, some by a deregistered project: barred for ever.",
    )
    fix = Text(
        zh="已注销项目不得以任何形式重新登记。",
        en="A deregistered project can never be registered again in any form.",
    )


class CrsRefused(DomainError):
    type = "crs-refused"
    status = 422
    title = Text(zh="坐标系不可用", en="The coordinate system cannot be used")
    detail = Text(zh="坐标系 {crs}：{reason}", en="Coordinate system {crs}: {reason}")
    fix = Text(
        zh="请注明 EPSG:4490（CGCS2000 经纬度）、EPSG:4326（WGS84 经纬度）、CGCS2000 高斯-克吕格投影的"
        " EPSG 代码（如 3 度带第 36 带 EPSG:4524），或 .prj 文件的内容。",
        en="State EPSG:4490 (CGCS2000 longitude and latitude), EPSG:4326 (WGS84), the EPSG code of a"
        " CGCS2000 Gauss-Krüger zone (3-degree zone 36: EPSG:4524), or the text of a .prj file.",
    )


class OutlinesInvalid(DomainError):
    type = "parcel-outline-invalid"
    status = 422
    title = Text(zh="地块边界无效", en="A parcel's outline is not valid")
    detail = Text(
        zh="{count} 处地块边界有误。", en="{count} thing(s) are wrong with the outlines of parcels."
    )
    fix = Text(
        zh="请按 errors 逐一改正地块边界后重发。",
        en="Mend each outline named in errors and send it again.",
    )


class OutlinesMissing(DomainError):
    type = "parcel-outline-missing"
    status = 409
    title = Text(zh="地块缺少边界", en="A parcel has no outline")
    detail = Text(
        zh="造林项目公示前，每个地块都须有边界；{count} 个地块没有：{parcel_nos}。",
        en="An afforestation project's parcels need outlines before the notice;"
        " {count} have none: {parcel_nos}.",
    )
    fix = Text(
        zh="请用 POST /v1/projects/{project_id}/imports?kind=parcels 补充边界。",
        en="Add them by POST /v1/projects/{project_id}/imports?kind=parcels.",
    )


class ParcelsOverlap(DomainError):
    type = "parcels-overlap"
    status = 409
    title = Text(zh="地块重叠", en="Parcels overlap")
    detail = Text(
        zh="{count} 处地块重叠超过 {limit} 平方米。",
        en="{count} overlap(s) of parcels are larger than {limit} m².",
    )
    fix = Text(
        zh="请核对 errors 所列地块的边界；同一土地只能属于一个项目。",
        en="Check the outlines named in errors: land can be in one project only.",
    )
