// One thing that a Salesforce integration in JavaScript does, with jsforce as it comes from npm.
// Usage: node salesforce.mjs STEP, with what is needed to log in as JSON on standard input.
import { readFileSync } from "node:fs";
import jsforce from "jsforce";

const given = JSON.parse(readFileSync(0, "utf8"));
const VERSION = "66.0";

const bare = (options = {}) =>
  new jsforce.Connection({
    loginUrl: given.url,
    instanceUrl: given.url,
    version: VERSION,
    ...options,
  });

async function byClientCredentials(clientId = given.clientId, clientSecret = given.clientSecret) {
  const connection = bare({ oauth2: { loginUrl: given.url, clientId, clientSecret } });
  await connection.authorize({ grant_type: "client_credentials" });
  return connection;
}

const asAdmin = () => byClientCredentials(given.adminId, given.adminSecret);

const failure = async (promise) => {
  try {
    await promise;
  } catch (error) {
    return { name: error.name, code: error.errorCode ?? null, message: error.message };
  }
  return null;
};

const fresh = (connection) =>
  connection.query("SELECT Id, Name FROM Account ORDER BY Id LIMIT 3").then((found) => found.records);

const steps = {
  async clientCredentials() {
    const connection = await byClientCredentials();
    const identity = await connection.identity();
    const wrong = await failure(byClientCredentials(given.clientId, "wrong"));
    return { instanceUrl: connection.instanceUrl, username: identity.username, wrong };
  },

  async soapLogin() {
    const connection = bare({ version: "59.0" });
    await connection.login(given.username, given.password);
    const found = await connection.query("SELECT COUNT() FROM Account");
    const late = await failure(bare({ version: "65.0" }).login(given.username, given.password));
    await connection.logout();
    return { total: found.totalSize, late, out: connection.accessToken };
  },

  async expiredSession() {
    const connection = bare({
      oauth2: { loginUrl: given.url, clientId: given.clientId, clientSecret: given.clientSecret },
      accessToken: "expired",
      refreshToken: given.refreshToken,
    });
    let refreshed = 0;
    connection.on("refresh", () => (refreshed += 1));
    const found = await connection.query("SELECT COUNT() FROM Account");
    return { total: found.totalSize, refreshed };
  },

  async query() {
    const connection = await byClientCredentials();
    let page = await connection.query("SELECT Id, Name, Owner.Alias FROM Account");
    const sizes = [page.records.length];
    const { totalSize, records } = page;
    while (!page.done) {
      page = await connection.queryMore(page.nextRecordsUrl);
      sizes.push(page.records.length);
    }
    const all = await connection.query("SELECT Id FROM Account", { autoFetch: true, maxFetch: 5000 });
    const wrong = await failure(connection.query("SELECT Magic__c FROM Account"));
    return { totalSize, sizes, fetched: all.records.length, first: records[0], wrong };
  },

  async describe() {
    const connection = await byClientCredentials();
    const account = await connection.sobject("Account").describe();
    const every = await connection.describeGlobal();
    return {
      fields: account.fields.map((field) => field.name),
      objects: every.sobjects.map((one) => one.name),
      versions: (await connection.request("/services/data/")).map((one) => one.version),
    };
  },

  async collections() {
    const connection = await byClientCredentials();
    const [first, second] = await fresh(connection);
    const results = await connection.sobject("Account").update(
      [
        { Id: first.Id, Rating: "Hot" },
        { Id: second.Id, Name: "x".repeat(300) },
        { Id: first.Id.slice(0, 3) + "000000000001AAA", Rating: "Hot" },
      ],
      { allOrNone: false },
    );
    const made = await connection.sobject("Account").create({ Name: "Made by jsforce" });
    const gone = await connection.sobject("Account").destroy(made.id);
    const read = await connection.sobject("Account").retrieve(first.Id);
    return { results, made, gone, rating: read.Rating };
  },

  async tooling() {
    const connection = await asAdmin();
    const field = {
      FullName: "Account.Made_By_Jsforce__c",
      Metadata: { label: "Made by jsforce", type: "Text", length: 80 },
    };
    const made = await connection.tooling.sobject("CustomField").create(field);
    const again = await failure(connection.tooling.sobject("CustomField").create(field));
    const found = await connection.tooling.query(
      "SELECT DeveloperName FROM CustomField WHERE DeveloperName = 'Made_By_Jsforce'",
    );
    return { made, again, found: found.records.length };
  },

  async bulkQuery() {
    const connection = await byClientCredentials();
    const stream = await connection.bulk2.query("SELECT Id, Name, Rating FROM Account", {
      pollInterval: 50,
      pollTimeout: 30000,
    });
    const records = await stream.toArray();
    return { count: records.length, first: records[0] };
  },

  async bulkLoad() {
    const connection = await byClientCredentials();
    const [first, second, third] = await fresh(connection);
    const done = await connection.bulk2.loadAndWaitForResults({
      object: "Account",
      operation: "update",
      input: [
        { Id: first.Id, Rating: "Warm", Site: "a, \"quoted\"\nplace" },
        { Id: second.Id, Rating: "#N/A", Site: "" },
        { Id: third.Id, Rating: "Hot", Site: "x".repeat(200) },
      ],
      pollInterval: 50,
      pollTimeout: 30000,
    });
    const read = await connection.sobject("Account").retrieve([first.Id, second.Id]);
    return {
      done: done.successfulResults.length,
      failed: done.failedResults.map((one) => one.sf__Error),
      left: done.unprocessedRecords.length,
      sites: read.map((one) => one.Site),
      ratings: read.map((one) => one.Rating),
    };
  },
};

process.stdout.write(JSON.stringify(await steps[process.argv[2]]()));
