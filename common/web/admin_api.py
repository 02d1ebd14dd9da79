"""The back office's API: create, change, publish, close, restock. For admins only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from common.shop import Invalid
from common.web.answers import sale_document
from common.web.auth import current_admin
from common.web.bodies import NewSale, Restock, SaleChange
from common.web.context import current
from common.web.inputs import read

bp = Blueprint("admin_api", __name__, url_prefix="/api/admin/sales")


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def list_sales() -> dict[str, Any]:
    """Every sale, drafts too, the newest first."""
    return {"sales": [sale_document(sale) for sale in current().backoffice.all()]}


@bp.post("")
def create_sale() -> Response:
    """A new draft. Nobody sees it until it is published."""
    fields = read(NewSale).model_dump()
    sale = current().backoffice.create(fields, units=fields.pop("units"))
    response = jsonify(sale_document(sale))
    response.status_code = 201
    response.headers["Location"] = f"/api/admin/sales/{sale.id}"
    return response


@bp.get("/<sale:sale_id>")
def show_sale(sale_id: int) -> dict[str, Any]:
    return sale_document(current().backoffice.get(sale_id))


@bp.patch("/<sale:sale_id>")
def change_sale(sale_id: int) -> dict[str, Any]:
    fields = read(SaleChange).model_dump(exclude_unset=True)
    if not fields:
        raise Invalid("body", "must name at least one field to change")
    return sale_document(current().backoffice.change(sale_id, fields))


@bp.post("/<sale:sale_id>/publish")
def publish_sale(sale_id: int) -> dict[str, Any]:
    return sale_document(current().backoffice.publish(sale_id))


@bp.post("/<sale:sale_id>/close")
def close_sale(sale_id: int) -> dict[str, Any]:
    return sale_document(current().backoffice.close(sale_id))


@bp.post("/<sale:sale_id>/restock")
def restock_sale(sale_id: int) -> dict[str, Any]:
    return sale_document(current().backoffice.restock(sale_id, read(Restock).units))
