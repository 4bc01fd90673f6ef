import { AppShell, Badge, Burger, Group, NavLink, ScrollArea, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconApi, IconKeyboard, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { statsQuery } from '../api/queries';
import { loadAhead } from '../chunks/chunk';
import { LiveIndicator, LiveProvider } from '../live/live';
import { EnvironmentBadge, EnvironmentStrip } from '../session/environment';
import { useApi, useSession } from '../session/session';
import { AccountMenu } from './account-menu';
import { useNavigation } from './navigation';
import { LanguageSwitch, SchemeSwitch } from './preferences';
import { SearchBox } from './search-box';
import classes from './shell.module.css';
import { ShortcutHelp } from './shortcut-help';
import { useShortcuts } from './shortcuts';

/** What is around every page. */
export function Shell() {
  const { t } = useTranslation(['shell', 'common']);
  const { me } = useSession();
  const navigation = useNavigation();
  const [menuOpened, menu] = useDisclosure();
  const [helpOpened, help] = useDisclosure();
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(loadAhead, []);
  useShortcuts({
    '?': help.open,
    ...Object.fromEntries(navigation.map(({ key, to }) => [`g ${key}`, () => void navigate({ to })])),
  });

  return (
    <LiveProvider>
      <a href="#main" className="skip-link" onClick={skipToMain}>
        {t('skip')}
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !menuOpened } }}
        padding="md"
      >
        <AppShell.Header>
          <EnvironmentStrip />
          <Group h="100%" px="sm" gap="xs" wrap="nowrap">
            <Burger
              opened={menuOpened}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={t('openNavigation')}
              aria-expanded={menuOpened}
            />
            <Link to="/jobs" className={classes['brand']} aria-label={t('common:product')}>
              <IconPlayerPlayFilled size={18} aria-hidden className={classes['mark']} />
              <Text span fw={600} visibleFrom="sm">
                {t('common:product')}
              </Text>
            </Link>
            <EnvironmentBadge className={classes['environment']} />
            {me.emulator && (
              <Tooltip label={t('emulatorMeans')}>
                <Badge variant="outline" color="gray" visibleFrom="md" className={classes['emulator']}>
                  {t('emulator')}
                </Badge>
              </Tooltip>
            )}
            <SearchBox />
            <Group gap={4} wrap="nowrap" ml="auto">
              <LiveIndicator />
              <LanguageSwitch />
              <SchemeSwitch />
              <AccountMenu />
            </Group>
          </Group>
        </AppShell.Header>

        {menuOpened && <div className={classes['behindMenu']} onClick={menu.close} aria-hidden />}
        <AppShell.Navbar
          p="xs"
          aria-label={t('navigation')}
          className={classes['menu'] ?? ''}
          data-opened={menuOpened || undefined}
        >
          <AppShell.Section hiddenFrom="md" mb="xs" className={classes['place']}>
            <EnvironmentBadge />
          </AppShell.Section>
          <AppShell.Section grow component={ScrollArea}>
            {navigation.map(({ page, to, icon: Mark }) => (
              <NavLink
                key={page}
                component={Link}
                to={to}
                label={t(`pages.${page}`)}
                leftSection={<Mark size={18} aria-hidden />}
                rightSection={page === 'held' ? <HeldCount /> : null}
                onClick={menu.close}
                active={path === to || path.startsWith(`${to}/`)}
              />
            ))}
          </AppShell.Section>
          <AppShell.Section>
            <NavLink
              label={t('shortcuts.open')}
              component="button"
              leftSection={<IconKeyboard size={18} aria-hidden />}
              onClick={help.open}
            />
            <NavLink
              label={t('apiDocs')}
              href={new URL('docs', document.baseURI).href}
              leftSection={<IconApi size={18} aria-hidden />}
            />
          </AppShell.Section>
        </AppShell.Navbar>

        <AppShell.Main id="main" tabIndex={-1} className={classes['main']}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
      <ShortcutHelp opened={helpOpened} onClose={help.close} />
    </LiveProvider>
  );
}

/** Not as a link to a fragment: the base of the page's URLs is not always its own URL. */
function skipToMain(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function HeldCount() {
  const { t } = useTranslation(['shell', 'common']);
  const { data: held = 0 } = useQuery({ ...statsQuery(useApi()), select: ({ jobs }) => jobs.byState['held'] ?? 0 });
  if (held === 0) return null;
  return (
    <span className={classes['held']} title={t('heldCount', { count: held })}>
      {held}
    </span>
  );
}
