import { Anchor, Group, Meter, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { IconCopyOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../../i18n/format';
import { CopyableId } from '../../../parts/copyable-id';
import { NothingHere } from '../../../parts/nothing-here';
import { Axis } from './axis';
import { clock, compareVideos, type FingerprintResult, type Segment, type Span } from './result';
import { Track, type Mark } from './track';
import classes from './result.module.css';

