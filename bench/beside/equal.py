"""The same function in Python, as a team would write it that wants the same checks: for comparison alone.

It verifies signature, approval and evidence; looks the people up; reads what may make the person privileged; knows
break-glass accounts, a freeze and caps; claims approval and person in one transaction; writes each change down before
it is made; lists the methods until they are gone; and writes a note into the ticket, after a search for it. A delivery
that comes twice is answered from the table, by Powertools for AWS Lambda. What can be read at once is read at once.

It does less than ours still: what a crash leaves, it leaves, since there is no queue that brings it back; and an
approval is judged once.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

import boto3
import httpx
import jwt
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function

LOGIN, GRAPH, JIRA = os.environ["LOGIN_URL"], os.environ["GRAPH_URL"], os.environ["JIRA_URL"]
TENANT, AUDIENCE, TABLE = os.environ["TENANT_ID"], os.environ["AUDIENCE"], os.environ["TABLE_NAME"]
ISSUER, APPROVED, FIELD = "https://approvals.contoso.example", "10042", "customfield_10123"
BREAK_GLASS = {"a1000000-0000-4000-8000-00000000000a"}
APPROVERS = {"sam.approver@contoso.example"}
CAPS = {"tenant": 2000, "approver": 2000, "issuer": 2000}
COOL_DOWN, ELIGIBILITY_TTL, RETENTION = 3600, 300, 35 * 24 * 3600
# The holders of these roles are not privileged ("Who can perform sensitive actions").
STANDARD_ROLES = {
    "c4e39bd9-1100-46d3-8c65-fb160da0071f",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "95e79109-95c0-4d8e-aee3-d01accf2d47b",
    "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
    "966707d0-3269-4727-9be2-8c3a10f19b9d",
    "4a5d8f65-41da-4de4-8968-e035b65339cf",
    "27460883-1df1-4691-b032-3b79643e5e63",
    "75934031-6c7e-415a-99d7-48dbd49e875e",
}
KINDS = {
    "phone": "phoneMethods",
    "microsoftAuthenticator": "microsoftAuthenticatorMethods",
    "softwareOath": "softwareOathMethods",
}
VERIFIED_BY = {"phone_call", "secure_message", "video_call", "in_person", "manager_attestation", "verified_id"}
CONTACT_SOURCES = {"company_directory", "phone_book", "colleague"}

secrets = boto3.client("secretsmanager")
table = boto3.client("dynamodb")
http = httpx.Client(timeout=10)
pool = ThreadPoolExecutor(16)


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


def secret(name):
    return json.loads(secrets.get_secret_value(SecretId=os.environ["SECRETS_PREFIX"] + name)["SecretString"])


def graph_token():
    credential = secret("graph")
    form = {**credential, "grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    return http.post(f"{LOGIN}/{TENANT}/oauth2/v2.0/token", data=form).raise_for_status().json()["access_token"]


def graph(path, **params):
    return http.get(f"{GRAPH}/{path}", params=params, headers=GRAPH_HEADERS).raise_for_status().json()


def graph_list(path, **params):
    """All pages."""
    page = graph(path, **params)
    items = page["value"]
    while link := page.get("@odata.nextLink"):
        if not link.startswith(f"{GRAPH}/"):
            raise Refused(502, "graph_unreadable")
        page = http.get(link, headers=GRAPH_HEADERS).raise_for_status().json()
        items += page["value"]
    return items


def at_once(*calls):
    return [future.result() for future in [pool.submit(call, *arguments) for call, *arguments in calls]]


def audit(event, **what):
    print(json.dumps({"event": event, "at": time.time(), **what}), flush=True)


def assignments(kind, person):
    return graph_list(f"v1.0/roleManagement/directory/{kind}", **{"$filter": f"principalId eq '{person}'"})


def group_eligibility(kind, by, which):
    path = f"v1.0/identityGovernance/privilegedAccess/group/{kind}"
    try:
        return graph_list(path, **{"$filter": f"{by} eq '{which}'"})
    except httpx.HTTPStatusError as error:
        # PIM rejects a question about a group that it does not manage.
        if by == "groupId" and error.response.status_code in (400, 404):
            return []
        raise


def privileged_groups():
    """The role-assignable groups, and who may become part of them: the same for all people, kept for five minutes."""
    global known_groups
    if known_groups is None or time.time() - known_groups[0] > ELIGIBILITY_TTL:
        groups = graph_list("v1.0/groups", **{"$filter": "isAssignableToRole eq true", "$select": "id,displayName"})
        kinds = ("eligibilityScheduleInstances", "eligibilitySchedules")
        # From this thread: a thread of the pool that waits for the pool could wait for ever.
        lists = at_once(*((group_eligibility, kind, "groupId", group["id"]) for group in groups for kind in kinds))
        eligible = {one["principalId"] for found in lists for one in found}
        known_groups = (time.time(), {group["id"] for group in groups}, eligible)
    return known_groups[1:]


def user(who):
    select = "id,userPrincipalName,accountEnabled,isManagementRestricted,creationType,externalUserState,identities"
    try:
        found = graph(f"v1.0/users/{who}", **{"$select": select})
    except httpx.HTTPStatusError as error:
        if error.response.status_code == 404:
            raise Refused(422, "person_not_found") from None
        raise
    if who.lower() not in (found["id"], found["userPrincipalName"].lower()):
        raise Refused(502, "graph_unreadable")
    return found


def facts_about(person):
    """The calls that say what a person is and has."""
    objects = {"$top": "999"}
    return (
        (lambda: graph_list(f"v1.0/users/{person}/transitiveMemberOf", **objects),),
        (lambda: graph_list(f"v1.0/users/{person}/ownedObjects", **objects),),
        (assignments, "roleAssignments", person),
        (assignments, "roleAssignmentScheduleInstances", person),
        (assignments, "roleAssignmentSchedules", person),
        (assignments, "roleEligibilityScheduleInstances", person),
        (assignments, "roleEligibilitySchedules", person),
        (group_eligibility, "eligibilityScheduleInstances", "principalId", person),
        (group_eligibility, "eligibilitySchedules", "principalId", person),
        (graph_list, f"v1.0/users/{person}/authentication/methods"),
        (graph_list, f"beta/users/{person}/authentication/hardwareOathMethods"),
    )


def is_privileged(target, members, owned, direct, active, planned, eligible, later, now, soon):
    role_assignable, may_join = privileged_groups()
    if target["isManagementRestricted"] or target["userPrincipalName"].lower() in APPROVERS:
        return True
    for thing in members + owned:
        kind = thing["@odata.type"].removeprefix("#microsoft.graph.")
        if kind == "directoryRole" and thing["roleTemplateId"] not in STANDARD_ROLES:
            return True
        if kind == "group" and (thing["isAssignableToRole"] or {thing["id"]} & (role_assignable | may_join)):
            return True
    for one in direct + active + planned + eligible + later:
        if one["roleDefinitionId"] not in STANDARD_ROLES or one["directoryScopeId"] != "/":
            return True
    return bool(now or soon or target["id"] in may_join)


def approval_of(token, ticket):
    """The claims of an approval, checked."""
    try:
        claims = jwt.decode(
            token,
            KEYS[jwt.get_unverified_header(token)["kid"]],
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["aud", "iss", "sub", "iat", "exp", "jti", "txn", "act", "scope", "verification"]},
        )
    except (jwt.InvalidTokenError, KeyError):
        raise Refused(422, "approval_invalid") from None
    now, evidence = time.time(), claims["verification"]
    if claims["exp"] - claims["iat"] > 3600 or claims["iat"] > now + 60:
        raise Refused(422, "approval_too_long")
    if claims["txn"] != ticket:
        raise Refused(422, "other_ticket")
    if "mfa:reregister" not in claims["scope"].split():
        raise Refused(422, "scope_unknown")
    if not 1 <= len(evidence) <= 4:
        raise Refused(422, "evidence_missing")
    for one in evidence:
        if one["method"] not in VERIFIED_BY or one.get("contact_source", "phone_book") not in CONTACT_SOURCES:
            raise Refused(422, "evidence_unknown")
        if not now - 3600 <= one["verified_at"] <= now + 60:
            raise Refused(422, "evidence_old")
    return claims


def claim(reset, approval, target, approver):
    """Approval, person, caps and freeze, in one transaction."""
    now = int(time.time())
    string, number = (lambda text: {"S": text}), (lambda value: {"N": str(value)})
    until, hour = number(now + RETENTION), now // 3600

    def count(kind, who):
        return {
            "Update": {
                "TableName": TABLE,
                "Key": {"pk": string(f"count#{kind}#{who}#{hour}")},
                "UpdateExpression": "SET expires_at = :until ADD claims :one",
                "ConditionExpression": "attribute_not_exists(claims) OR claims < :most",
                "ExpressionAttributeValues": {":one": number(1), ":most": number(CAPS[kind]), ":until": until},
            }
        }

    record = {"pk": string(f"reset#{reset}"), "state": string("claimed"), "steps": {"L": []}, "expires_at": until}
    used = {"pk": string(f"approval#{approval['jti']}"), "reset": string(reset), "expires_at": until}
    lock = {"pk": string(f"target#{target}"), "held_by": string(reset), "running": {"BOOL": True}, "expires_at": until}
    frozen, absent = {"pk": string("freeze")}, "attribute_not_exists(pk)"
    try:
        table.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": TABLE, "Item": record, "ConditionExpression": absent}},
                {"Put": {"TableName": TABLE, "Item": used, "ConditionExpression": absent}},
                {
                    "Put": {
                        "TableName": TABLE,
                        "Item": lock,
                        "ConditionExpression": f"{absent} OR (running = :no AND removed_at < :cool)",
                        "ExpressionAttributeValues": {":no": {"BOOL": False}, ":cool": number(now - COOL_DOWN)},
                    }
                },
                count("tenant", TENANT),
                count("approver", approver),
                count("issuer", approval["iss"]),
                {"ConditionCheck": {"TableName": TABLE, "Key": frozen, "ConditionExpression": absent}},
            ]
        )
    except table.exceptions.TransactionCanceledException as error:
        reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
        names = ("reset", "approval_used", "target_busy", "cap", "cap", "cap", "frozen")
        failed = [name for name, reason in zip(names, reasons) if reason != "None"]
        raise Refused(409, failed[0]) from None


def step(reset, what):
    """Written down before it is done."""
    audit("intended", reset=reset, step=what)
    table.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"reset#{reset}"}},
        UpdateExpression="SET steps = list_append(steps, :step)",
        ExpressionAttributeValues={":step": {"L": [{"S": what}]}},
    )


def finish(reset, target, state):
    now = {"N": str(int(time.time()))}
    table.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": {"pk": {"S": f"reset#{reset}"}},
                    "UpdateExpression": "SET #state = :state",
                    "ExpressionAttributeNames": {"#state": "state"},
                    "ExpressionAttributeValues": {":state": {"S": state}},
                }
            },
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": {"pk": {"S": f"target#{target}"}},
                    "UpdateExpression": "SET running = :no, removed_at = :now",
                    "ConditionExpression": "held_by = :reset",
                    "ExpressionAttributeValues": {":no": {"BOOL": False}, ":now": now, ":reset": {"S": reset}},
                }
            },
        ]
    )
    audit("outcome", reset=reset, state=state)


def kind_of(method):
    return method["@odata.type"].removeprefix("#microsoft.graph.").removesuffix("AuthenticationMethod")


def remove_all(reset, person, methods):
    """One after the other, until a list has none of them."""
    removed = []
    for _ in range(5):
        left = [method for method in methods if kind_of(method) in KINDS]
        if not left:
            return removed
        for method in left:
            kind = kind_of(method)
            step(reset, f"remove {kind} {method['id']}")
            url = f"{GRAPH}/v1.0/users/{person}/authentication/{KINDS[kind]}/{method['id']}"
            answer = http.delete(url, headers=GRAPH_HEADERS)
            # The default method goes last: Graph refuses it while others are there.
            if answer.status_code not in (204, 400, 404):
                answer.raise_for_status()
            removed += [kind] if answer.status_code == 204 else []
        methods = graph_list(f"v1.0/users/{person}/authentication/methods")
    raise Refused(502, "methods_left")


def note(ticket, reset, text):
    """Once in the ticket, whatever was lost."""
    url, mark = f"{JIRA}/rest/api/3/issue/{ticket}/comment", f"reset {reset}"
    query = {"orderBy": "-created", "maxResults": "100"}
    comments = http.get(url, params=query, auth=NOTES_AUTH).raise_for_status().json()["comments"]
    if any(mark in json.dumps(comment["body"]) for comment in comments):
        return
    lines = [{"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in (text, mark)]
    internal = [{"key": "sd.public.comment", "value": {"internal": True}}]
    comment = {"body": {"type": "doc", "version": 1, "content": lines}, "properties": internal}
    http.post(url, json=comment, auth=NOTES_AUTH).raise_for_status()


class Context:
    """What Powertools asks of Lambda's."""

    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]

    @staticmethod
    def get_remaining_time_in_millis():
        return 30000


idempotency = IdempotencyConfig(event_key_jmespath="digest", expires_after_seconds=RETENTION)
idempotency.register_lambda_context(Context)
store = DynamoDBPersistenceLayer(table_name=TABLE, key_attr="pk", expiry_attr="expires_at", boto3_client=table)


@idempotent_function(data_keyword_argument="delivery", config=idempotency, persistence_store=store)
def reset_once(delivery):
    issue = json.loads(delivery["body"])["issue"]
    if issue["fields"]["status"]["id"] != APPROVED:
        raise Refused(422, "not_approved")
    ticket = issue["key"]
    approval = approval_of(issue["fields"][FIELD].strip(), ticket)
    sub, approver = approval["sub"], approval["act"]["sub"]
    verifiers = sorted({one["verified_by"] for one in approval["verification"]})
    people = [(user, who) for who in (sub, approver, *verifiers)]
    if is_id(sub):
        found = at_once(*people, *facts_about(sub))
        people, facts = found[: len(people)], found[len(people) :]
    else:
        people = at_once(*people)
        facts = at_once(*facts_about(people[0]["id"]))
    target, *attesters = people
    if target["id"] in BREAK_GLASS:
        raise Refused(403, "break_glass")
    if not target["accountEnabled"]:
        raise Refused(422, "target_disabled")
    if any(one["id"] == target["id"] or not one["accountEnabled"] for one in attesters):
        raise Refused(422, "attester_wrong")
    *standing, methods, _hardware = facts
    if is_privileged(target, *standing):
        # One approval of one issuer is all that this source may send.
        raise Refused(403, "two_approvals_needed")
    reset, person = str(uuid.uuid4()), target["id"]
    audit("allowed", reset=reset, target=person, approval=approval["jti"])
    claim(reset, approval, person, attesters[0]["id"])
    step(reset, "revoke sessions")
    http.post(f"{GRAPH}/v1.0/users/{person}/revokeSignInSessions", headers=GRAPH_HEADERS).raise_for_status()
    removed = remove_all(reset, person, methods)
    finish(reset, person, "completed")
    if JIRA:
        note(ticket, reset, f"MFA re-registration: {', '.join(removed)} removed, sessions revoked.")
    return {"state": "completed", "reset": reset, "removed": removed}


def is_id(text):
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def handler(event):
    body = event["body"].encode()
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    signature = hmac.new(JIRA_SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(event["headers"].get("x-hub-signature", ""), f"sha256={signature}"):
        return answer(401, {"code": "delivery_unauthentic"})
    delivery = {"digest": hashlib.sha256(body).hexdigest(), "body": body.decode()}
    try:
        return answer(200, reset_once(delivery=delivery))
    except Refused as refused:
        audit("refused", code=refused.code)
        return answer(refused.status, {"code": refused.code})


with open(os.environ["KEYS_FILE"], encoding="utf-8") as file:
    KEYS = {key["kid"]: jwt.PyJWK(key) for key in json.load(file)["keys"]}
known_groups = None
jira_secret, notes_secret, token = at_once((secret, "jira"), (secret, "jira-notes"), (graph_token,))
JIRA_SECRET = jira_secret["current"].encode()
NOTES_AUTH = (notes_secret["email"], notes_secret["api_token"])
GRAPH_HEADERS = {"Authorization": f"Bearer {token}"}
privileged_groups()


def run():
    api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{api}/next") as response:
            name, event = response.headers["Lambda-Runtime-Aws-Request-Id"], json.load(response)
        done = json.dumps(handler(event)).encode()
        urllib.request.urlopen(urllib.request.Request(f"{api}/{name}/response", data=done)).close()


run()
