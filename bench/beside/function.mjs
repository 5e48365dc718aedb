// The same function in Node, as one would write it in an afternoon: for comparison, and for nothing else.
//
// It does less than ours: it asks nobody who is privileged, and writes down no step; a crash leaves half a reset.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { importJWK, jwtVerify } from "jose";

const { LOGIN_URL: LOGIN, GRAPH_URL: GRAPH, TENANT_ID: TENANT, AUDIENCE, SECRETS_PREFIX, TABLE_NAME, KEYS_FILE, AWS_LAMBDA_RUNTIME_API } = process.env;
const secrets = new SecretsManagerClient({});
const table = new DynamoDBClient({});

async function secret(name) {
  return JSON.parse((await secrets.send(new GetSecretValueCommand({ SecretId: SECRETS_PREFIX + name }))).SecretString);
}
async function asked(url, options = {}) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  const body = await response.text();
  return body ? JSON.parse(body) : {};
}
async function graphToken() {
  const { client_id, client_secret } = await secret("graph");
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret, scope: `${GRAPH}/.default` });
  return (await asked(`${LOGIN}/${TENANT}/oauth2/v2.0/token`, { method: "POST", body })).access_token;
}

const key = await importJWK(JSON.parse(readFileSync(KEYS_FILE, "utf8")).keys[0], "ES256");
const [{ current }, token] = await Promise.all([secret("jira"), graphToken()]);
const headers = { Authorization: `Bearer ${token}` };

const KINDS = { phone: "phoneMethods", microsoftAuthenticator: "microsoftAuthenticatorMethods", softwareOath: "softwareOathMethods" };
const answer = (statusCode, body) => ({ statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

async function handler(event) {
  const body = Buffer.from(event.body, event.isBase64Encoded ? "base64" : "utf8");
  const signature = Buffer.from(`sha256=${createHmac("sha256", current).update(body).digest("hex")}`);
  const given = Buffer.from(event.headers["x-hub-signature"] ?? "");
  if (given.length !== signature.length || !timingSafeEqual(given, signature)) return answer(401, { code: "delivery_unauthentic" });
  const { issue } = JSON.parse(body);
  const { payload: claims } = await jwtVerify(issue.fields.customfield_10123, key, { algorithms: ["ES256"], audience: AUDIENCE });
  if (claims.txn !== issue.key) return answer(422, { code: "other_ticket" });
  await table.send(new PutItemCommand({
    TableName: TABLE_NAME, Item: { pk: { S: `beside#${claims.jti}` } }, ConditionExpression: "attribute_not_exists(pk)",
  }));
  const { id } = await asked(`${GRAPH}/v1.0/users/${claims.sub}`, { headers });
  const { value: methods } = await asked(`${GRAPH}/v1.0/users/${id}/authentication/methods`, { headers });
  await asked(`${GRAPH}/v1.0/users/${id}/revokeSignInSessions`, { method: "POST", headers });
  const removed = [];
  for (const method of methods) {
    const kind = method["@odata.type"].replace(/^#microsoft\.graph\.|AuthenticationMethod$/g, "");
    if (!KINDS[kind]) continue;
    await asked(`${GRAPH}/v1.0/users/${id}/authentication/${KINDS[kind]}/${method.id}`, { method: "DELETE", headers });
    removed.push(kind);
  }
  return answer(200, { state: "completed", removed });
}

const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
for (;;) {
  const next = await fetch(`${api}/next`);
  const done = await handler(await next.json());
  await fetch(`${api}/${next.headers.get("lambda-runtime-aws-request-id")}/response`, { method: "POST", body: JSON.stringify(done) });
}
