// The pages a person meets: sign-in, consent, sign-out. Plain forms, no script, so that any client can fill them in.

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title></head>
<body><h1>${escape(title)}</h1>${body}</body></html>`;

export function loginPage(uid, clientId, wrong) {
  return page('Sign in', `${wrong ? '<p role="alert">Unknown login or wrong password.</p>' : ''}
<p>to continue to ${escape(clientId)}</p>
<form method="post" action="/interaction/${escape(uid)}">
<label>Login <input type="text" name="login" autofocus></label>
<label>Password <input type="password" name="password"></label>
<button type="submit" name="action" value="continue">Sign in</button>
<button type="submit" name="action" value="cancel">Cancel</button>
</form>`);
}

export function consentPage(uid, clientId) {
  return page('Allow access', `<p>${escape(clientId)} asks for access.</p>
<form method="post" action="/interaction/${escape(uid)}">
<button type="submit" name="action" value="continue">Allow</button>
<button type="submit" name="action" value="cancel">Cancel</button>
</form>`);
}

// `form` is oidc-provider's own, with its anti-forgery value; only the button is ours.
export function logoutPage(form) {
  const button = '<button type="submit" name="logout" value="yes">Sign out</button>';
  return page('Sign out', form.replace('</form>', `${button}</form>`));
}

export function signedOutPage() {
  return page('Signed out', '<p>You are signed out.</p>');
}
