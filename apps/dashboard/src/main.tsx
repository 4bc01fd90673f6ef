import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme.css';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { startI18n } from './i18n';

/** The page's policy allows a style element only with this nonce, which the api writes anew into every answer. */
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';

// What locks the scrolling behind a dialog takes its nonce from here (the package get-nonce).
Object.assign(globalThis, { __webpack_nonce__: nonce });

await startI18n();
const root = document.getElementById('root');
if (root) createRoot(root).render(<App nonce={nonce} />);
