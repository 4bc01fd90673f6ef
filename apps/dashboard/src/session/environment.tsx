import { createContext, use } from 'react';
import { useTranslation } from 'react-i18next';
import type { SessionAnswer } from '@app/contract';
import classes from './environment.module.css';

type Environment = NonNullable<SessionAnswer['environment']>;

/** Known before anybody is signed in. */
export const EnvironmentContext = createContext<Environment | null>(null);

/** What people call this instance; null when nobody has given it a name. */
export function useEnvironment(): Environment | null {
  return use(EnvironmentContext);
}

/** The name on its color: a color alone tells some people nothing. */
export function EnvironmentBadge({ className }: { className?: string | undefined }) {
  const { t } = useTranslation('session');
  const environment = useEnvironment();
  if (!environment) return null;
  const { name, color } = environment;
  return (
    <span
      className={`${classes['badge']} ${className ?? ''}`}
      data-environment={color}
      title={t('environment', { name })}
    >
      {name}
    </span>
  );
}

/** Along the upper edge of every page, also where there is no room for the name. */
export function EnvironmentStrip() {
  const environment = useEnvironment();
  return environment && <div className={classes['strip']} data-environment={environment.color} aria-hidden />;
}
