// A real OpenID provider (certified `oidc-provider`) for the tests. Whoever asks its interaction page with ?as=…
// is that person. People are read from a file at each question, so that a test can change their groups.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, port, people, callback, left] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'langnghe',
    client_secret: 'a secret of the tests, 32 letters',
    redirect_uris: [callback],
    post_logout_redirect_uris: [left],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  cookies: { keys: ['tests'] },
  claims: { openid: ['sub', 'amr'], profile: ['name', 'preferred_username', 'groups'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...JSON.parse(readFileSync(people, 'utf8'))[id] }),
  }),
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) {
    await next();
    return;
  }
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') {
    const login = { accountId: ctx.query.as, amr: ctx.query.amr ? [ctx.query.amr] : undefined };
    await provider.interactionFinished(ctx.req, ctx.res, { login });
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid profile');
    await provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
  }
  ctx.respond = false;
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
