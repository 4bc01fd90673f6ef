import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type TextLinkProps = AnchorProps & Omit<ComponentPropsWithRef<'a'>, keyof AnchorProps>;

/** A link to another page of ours, in running text: knows the routes, and what each of them takes. */
export const TextLink = createLink((props: TextLinkProps) => <Anchor {...props} />);
