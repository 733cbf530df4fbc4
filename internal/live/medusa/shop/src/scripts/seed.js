// Fills a new Medusa: the admin and his secret API key, one sales channel with its publishable key, a region in USD, a
// customer with an account, two gift card products and a mug. Run by up.sh with `medusa exec`. Secrets go to files only.
const { readFileSync, writeFileSync } = require("node:fs")
const { ContainerRegistrationKeys, Modules, ProductStatus } = require("@medusajs/framework/utils")
const flows = require("@medusajs/medusa/core-flows")

const secret = (name) => `${process.env.LIVE_DIR}/secrets/${name}`
const keep = (name, text) => writeFileSync(secret(name), text + "\n", { mode: 0o600 })

exports.default = async function seed({ container }) {
  const run = async (flow, input) => (await flow(container).run({ input })).result
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const auth = container.resolve(Modules.AUTH)
  const identity = async (email, name) => {
    const body = { email, password: readFileSync(secret(name), "utf8").trim() }
    const { authIdentity, error } = await auth.register("emailpass", { body })
    if (error) throw new Error(error)
    return authIdentity.id
  }

  await run(flows.createUserAccountWorkflow, {
    authIdentityId: await identity("admin@shop.example", "admin"),
    userData: { email: "admin@shop.example", first_name: "Ada", last_name: "Admin" },
  })
  await run(flows.createCustomerAccountWorkflow, {
    authIdentityId: await identity("customer@shop.example", "customer"),
    customerData: { email: "customer@shop.example", first_name: "Cleo", last_name: "Customer" },
  })

  const [channel] = await run(flows.createSalesChannelsWorkflow, { salesChannelsData: [{ name: "Web" }] })
  const { data: [store] } = await query.graph({ entity: "store", fields: ["id"] })
  await run(flows.updateStoresWorkflow, {
    selector: { id: store.id },
    update: { name: "Acme store", supported_currencies: [{ currency_code: "usd", is_default: true }], default_sales_channel_id: channel.id },
  })
  await run(flows.createRegionsWorkflow, {
    regions: [{ name: "US", currency_code: "usd", countries: ["us"], payment_providers: ["pp_system_default"] }],
  })
  const product = (title, is_giftcard, prices) => ({
    title, is_giftcard, status: ProductStatus.PUBLISHED, sales_channels: [{ id: channel.id }],
    options: [{ title: "Value", values: Object.keys(prices) }],
    variants: Object.entries(prices).map(([name, amount]) => ({
      title: name, manage_inventory: false, options: { Value: name }, prices: [{ amount, currency_code: "usd" }],
    })),
  })
  await run(flows.createProductsWorkflow, {
    products: [product("Gift card", true, { "$25": 25, "$50": 50 }), product("Mug", false, { one: 20, pair: 37.55 })],
  })

  const by = { created_by: "" }
  const [shop, admin] = await run(flows.createApiKeysWorkflow, {
    api_keys: [{ title: "Storefront", type: "publishable", ...by }, { title: "gcdiag", type: "secret", ...by }],
  })
  await run(flows.linkSalesChannelsToApiKeyWorkflow, { id: shop.id, add: [channel.id] })
  keep("publishable-key", shop.token)
  keep("api-key", admin.token)
}
