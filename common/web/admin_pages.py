"""The back office: create, change, publish, close and restock sales. For admins only."""

from __future__ import annotations

from typing import get_args

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from common.shop import Invalid
from common.web.auth import current_admin
from common.web.bodies import Image, NewSale, Restock, SaleChange
from common.web.context import current
from common.web.forms import Form, form_again, form_of, read_form

bp = Blueprint("admin_pages", __name__, url_prefix="/admin")
WRONG = (ValidationError, Invalid)


@bp.before_request
def admins_only() -> None:
    current_admin()


@bp.get("")
def sale_list() -> str:
    return render_template("admin/list.html", sales=current().backoffice.all(), shop=current().shop)


@bp.get("/sales/new")
def create() -> str:
    return show_new(Form({"units": 100, "buyer_limit": 1}))


@bp.post("/sales/new")
def create_sale() -> ResponseReturnValue:
    try:
        fields = read_form(NewSale).model_dump()
        sale = current().backoffice.create(fields, units=fields.pop("units"))
    except WRONG as wrong:
        return show_new(form_again(wrong)), 422
    return done("created", sale.id)


@bp.get("/sales/<sale:sale_id>")
def sale(sale_id: int) -> str:
    return show_sale(sale_id)


@bp.post("/sales/<sale:sale_id>")
def change(sale_id: int) -> ResponseReturnValue:
    try:
        current().backoffice.change(sale_id, read_form(SaleChange).model_dump())
    except WRONG as wrong:
        return show_sale(sale_id, form=form_again(wrong)), 422
    return done("changed", sale_id)


@bp.post("/sales/<sale:sale_id>/restock")
def restock(sale_id: int) -> ResponseReturnValue:
    try:
        current().backoffice.restock(sale_id, read_form(Restock).units)
    except WRONG as wrong:
        return show_sale(sale_id, restock=form_again(wrong)), 422
    return done("restocked", sale_id)


@bp.post("/sales/<sale:sale_id>/publish")
def publish(sale_id: int) -> ResponseReturnValue:
    try:
        current().backoffice.publish(sale_id)
    except Invalid as wrong:
        return show_sale(sale_id, form=form_again(wrong)), 422
    return done("published", sale_id)


@bp.get("/sales/<sale:sale_id>/<any(publish, restock):_action>")
def back_to_sale(sale_id: int, _action: str) -> ResponseReturnValue:
    """Where a reload or a choice of language leads after an action that was refused."""
    return redirect(url_for(".sale", sale_id=sale_id))


@bp.get("/sales/<sale:sale_id>/close")
def close(sale_id: int) -> str:
    """Ask before closing: there is no way back."""
    return render_template("admin/close.html", sale=current().backoffice.get(sale_id))


@bp.post("/sales/<sale:sale_id>/close")
def close_for_good(sale_id: int) -> ResponseReturnValue:
    try:
        current().backoffice.close(sale_id)
    except Invalid as wrong:
        return show_sale(sale_id, form=form_again(wrong)), 422
    return done("closed", sale_id)


def show_new(form: Form) -> str:
    return render_template("admin/new.html", form=form, images=get_args(Image))


def show_sale(sale_id: int, form: Form | None = None, restock: Form | None = None) -> str:
    """The page of one sale; a form that was refused is shown as it was sent."""
    sale = current().backoffice.get(sale_id)
    return render_template(
        "admin/sale.html",
        sale=sale,
        form=form or form_of(sale),
        restock=restock or Form(),
        images=get_args(Image),
    )


def done(what: str, sale_id: int) -> ResponseReturnValue:
    flash(f"done.{what}")
    return redirect(url_for(".sale", sale_id=sale_id), 303)
