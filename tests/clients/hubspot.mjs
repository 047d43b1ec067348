// One thing that a HubSpot integration in JavaScript does, with the official client unmodified.
// Usage: node hubspot.mjs STEP, with the address and the token as JSON on standard input.
import { readFileSync } from "node:fs";
import { Client } from "@hubspot/api-client";

const given = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({ accessToken: given.token, basePath: given.url, numberOfApiCallRetries: 0 });
const companies = client.crm.companies;

const steps = {
  async read() {
    const page = await companies.basicApi.getPage(2, undefined, ["name"]);
    const all = await companies.getAll(2, undefined, ["name"]);
    return { first: page.results.map((one) => one.properties.name), all: all.length };
  },

  async search() {
    const found = await companies.searchApi.doSearch({
      filterGroups: [{ filters: [{ propertyName: "name", operator: "EQ", value: "Alder" }] }],
      properties: ["name"],
      limit: 10,
    });
    return { total: found.total, names: found.results.map((one) => one.properties.name) };
  },

  async write() {
    const page = await companies.basicApi.getPage(2);
    const first = page.results[0].id;
    const done = await companies.batchApi.update({
      inputs: [
        { id: first, properties: { city: "Berlin" } },
        { id: "1", properties: { city: "Berlin" } },
      ],
    });
    const read = await companies.basicApi.getById(first, ["city"]);
    return {
      written: done.results.length,
      refused: (done.errors ?? []).map((one) => one.category),
      city: read.properties.city,
    };
  },

  async refused() {
    try {
      await companies.basicApi.getById("1");
    } catch (error) {
      return { code: error.code, category: error.body.category };
    }
    return null;
  },
};

process.stdout.write(JSON.stringify(await steps[process.argv[2]]()));
