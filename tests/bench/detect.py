#!/usr/bin/env python3
"""make bench-detect: how much is found, how much is found wrongly, and how fast, on ../shared/data where it is there.

Prints the table of what is to be reached beside what was reached; --misses and --fps name the records behind it (ids,
never in a log that leaves this machine: the samples are third-party test data).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECRET_TYPES = {'API_KEY_OR_TOKEN', 'PRIVATE_KEY', 'JWT', 'PASSWORD', 'URL_OR_DB_CREDENTIALS', 'SECRET', 'SEED_PHRASE'}
NAMES = {'PERSON', 'ADDRESS'}       # mapped types that rules alone cannot do
ID_STRESS = {'benign-ids'}          # the source of logs full of identifiers
INJECTION = 'PROMPT_INJECTION'
SETS = ['secrets', 'secrets_llm', 'pii', 'pii_llm', 'negatives_llm', 'benign']


def samples():
    """../shared/data/tune beside the repository, or beside the one this is a work tree of."""
    common = subprocess.run(['git', '-C', ROOT, 'rev-parse', '--path-format=absolute', '--git-common-dir'], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, universal_newlines=True).stdout.strip()
    places = [os.path.join(os.path.dirname(d), 'shared', 'data', 'tune') for d in (ROOT, os.path.dirname(common))]
    return next((p for p in places if os.path.isdir(p)), places[0])


def packs():
    there = [p for p in ('secrets', 'pii', 'injection') if os.path.exists(os.path.join(ROOT, 'config', 'rules', p + '.yaml'))]
    return ','.join(there)


def scan(args, name, out):
    """privet scan over one file; the predictions by id."""
    t = time.monotonic()
    cmd = [os.path.join(args.build, 'privet'), 'scan', '--format', 'jsonl', '--rules', args.rules, os.path.join(args.data, name + '.jsonl')]
    with open(out, 'wb') as f:
        r = subprocess.run(cmd, stdout=f, stderr=subprocess.PIPE, timeout=600)
    if r.returncode:
        sys.stderr.write(r.stderr.decode('utf-8', 'replace')[-3000:])
        sys.exit('detect.py: privet scan failed on ' + name)
    return time.monotonic() - t


def keep(src, dst, want):
    with open(src, encoding='utf-8') as f, open(dst, 'w', encoding='utf-8') as g:
        for line in f:
            r = json.loads(line)
            r['spans'] = [s for s in r['spans'] if want(s['type'])]
            g.write(json.dumps(r) + '\n')


def score(args, name, pred, by=('source', 'type'), more=()):
    out = pred + '.score'
    cmd = [sys.executable, os.path.join(args.score, 'score.py'), os.path.join(args.data, name + '.jsonl'), pred, '--types',
           os.path.join(args.score, 'types_map.json'), '--by', *by, '--json', out, '--quiet', *more]
    r = subprocess.run(cmd, stdout=subprocess.PIPE, timeout=900, check=True)
    if more:
        sys.stdout.write(r.stdout.decode('utf-8', 'replace'))
    with open(out, encoding='utf-8') as f:
        return json.load(f)


def recall_of(rows, want):
    gold = sum(x['gold'] for x in rows if want(x['name']))
    hit = sum(x['gold'] * (x['recall'] or 0) for x in rows if want(x['name']))
    full = sum(x['gold'] * (x['full'] or 0) for x in rows if want(x['name']))
    return (hit / gold, full / gold, gold) if gold else (None, None, 0)


def fp_rate(rows, sizes, want):
    fp = sum(x['fp'] for x in rows if want(x['name']))
    size = sum(n for k, n in sizes.items() if want(k))
    return fp / size * 1e6 if size else None


def sizes_of(path):
    sizes = {}
    with open(path, encoding='utf-8') as f:
        for line in f:
            r = json.loads(line)
            sizes[r['source']] = sizes.get(r['source'], 0) + len(r['text'].encode())
    return sizes


def show(label, value, goal, better):
    if value is None:
        text, ok = '-', ' '
    else:
        text = '%.3f' % value if abs(value) < 10 else '%.1f' % value
        ok = ' ' if goal is None else 'ok' if (value >= goal) == (better == '>') or value == goal else '--'
    print('  %-58s %9s   %s' % (label, text, '' if goal is None else '%s %s  %s' % ('>=' if better == '>' else '<=', goal, ok)))


def quality(args, tmp):
    pred = {}
    print('quality (%s)' % args.data)
    for name in SETS:
        if os.path.exists(os.path.join(args.data, name + '.jsonl')):
            pred[name] = os.path.join(tmp, name)
            seconds = scan(args, name, pred[name])
            if args.verbose:
                print('  scanned %s in %.2f s' % (name, seconds))
            keep(pred[name], pred[name] + '.s', lambda t: t in SECRET_TYPES)
            keep(pred[name], pred[name] + '.p', lambda t: t not in SECRET_TYPES and t != INJECTION)
            keep(pred[name], pred[name] + '.i', lambda t: t == INJECTION)
    more = lambda n: ['--misses', str(args.misses), '--fps', str(args.fps)] if n in args.detail else []
    for name, goal in (('secrets', .92), ('secrets_llm', .95)):
        if name in pred:
            r = score(args, name, pred[name] + '.s', more=more(name))['all'][0]
            show(name + ': recall, value wholly covered', r['recall'], goal, '>')
            show(name + ': mean over rules', r['macro'], None, '>')
            show(name + ': masked beside the value', r['over'], .02, '<')
    for name, goal in (('pii', .92), ('pii_llm', .95)):
        if name in pred:
            r = score(args, name, pred[name] + '.p', more=more(name))
            structured = recall_of(r['type'], lambda t: t not in NAMES)
            show(name + ': recall, structured (%d)' % structured[2], structured[0], goal, '>')
            show(name + ': structured, fully covered', structured[1], None, '>')
            for t in sorted(NAMES):
                show(name + ': recall, %s' % t.lower(), recall_of(r['type'], lambda x, t=t: x == t)[0], None, '>')
            show(name + ': masked beside the value', r['all'][0]['over'], .02, '<')
    if 'negatives_llm' in pred:
        for part, what in (('.s', 'secrets'), ('.p', 'personal data')):
            show('negatives_llm: found wrongly, ' + what, score(args, 'negatives_llm', pred['negatives_llm'] + part, more=more('negatives_llm'))['all'][0]['fp'], 0, '<')
    if 'benign' in pred:
        sizes = sizes_of(os.path.join(args.data, 'benign.jsonl'))
        natural, stress = (lambda s: s not in ID_STRESS), (lambda s: s in ID_STRESS)
        r = score(args, 'benign', pred['benign'] + '.s', ('source',), more('benign'))
        show('benign: secrets a MB of natural text', fp_rate(r['source'], sizes, natural), 3, '<')
        show('benign: secrets a MB of logs full of ids', fp_rate(r['source'], sizes, stress), 20, '<')
        structured = os.path.join(tmp, 'benign.q')
        keep(pred['benign'] + '.p', structured, lambda t: t not in ('PERSON', 'LOCATION', 'STREET_ADDRESS', 'ADDRESS'))
        r = score(args, 'benign', structured, ('source', 'type'), more('benign-pii'))
        show('benign: personal data, structured, a MB natural', fp_rate(r['source'], sizes, natural), 60, '<')
        show('benign: personal data, structured, a MB of id logs', fp_rate(r['source'], sizes, stress), None, '<')
        if args.verbose:
            for x in sorted(r['type'], key=lambda x: -x['fp'])[:12]:
                show('    of it %s' % x['name'], x['fp_per_mb'], None, '<')
        r = score(args, 'benign', pred['benign'] + '.p', ('source',))
        show('benign: personal data with names and places, natural', fp_rate(r['source'], sizes, natural), None, '<')
        r = score(args, 'benign', pred['benign'] + '.i', ('source',))
        show('benign: injection phrases a MB natural', fp_rate(r['source'], sizes, natural), None, '<')


def speed(args):
    data = os.path.join(args.data, 'benign.jsonl')
    bench = os.path.join(args.build, 'tests', 'bench', 'bench_detect')
    if not os.path.exists(data) or not os.path.exists(bench):
        print('speed: needs %s and %s' % (data, bench))
        return
    r = json.loads(subprocess.run([bench, data, args.rules, str(args.seconds)], stdout=subprocess.PIPE, timeout=600, check=True).stdout)
    print('\nspeed, one core, all rules')
    show('rules', float(r['rules']), None, '>')
    show('load: read the packs, ms', r['read_ms'], None, '<')
    show('load: read and build, cold, ms', r['read_ms'] + r['build_ms'], 500, '<')
    show('load: peak memory, MB', r['load_kib'] / 1024, 80, '<')
    print('  %-22s %8s %8s %8s %10s %10s %10s %8s' % ('', 'search', 'bodies', 'read', 'keywords', 'structure', 'PCRE2', 'context'))
    print('  %-22s %8s %8s %8s %10s %10s %10s %8s' % ('', 'MB/s', 'MB/s', 'share', 'a MB', 'a MB', 'calls a MB', 'share'))
    for c in r['corpora']:
        print('  %-22s %8d %8d %8.2f %10d %10d %10d %8.2f' % (c['corpus'], c['mb_s'], c['body_mb_s'], c['body_share'], c['keywords_mb'], c['structural_mb'], c['tries_mb'], c['context']))
    print('  the costliest rules, over all:')
    for c in r['costly']:
        print('    %-40s %8.1f kcycles a MB %9.1f tries a MB %8.2f matches a MB' % (c['rule'], c['cycles_kb'], c['tries_mb'], c['matches_mb']))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--build', default=os.path.join(ROOT, 'build'))
    ap.add_argument('--data', default=os.environ.get('PRIVET_DATA') or samples())
    ap.add_argument('--score', default=None, help='where score.py and types_map.json are; default: above --data')
    ap.add_argument('--rules', default=packs(), help='packs; default: those that are there')
    ap.add_argument('--seconds', type=float, default=0.5, help='for each corpus')
    ap.add_argument('--detail', nargs='*', default=[], help='sets whose misses and false positives are listed (benign-pii too)')
    ap.add_argument('--misses', type=int, default=40)
    ap.add_argument('--fps', type=int, default=40)
    ap.add_argument('--quality', action='store_true', help='only that')
    ap.add_argument('--speed', action='store_true', help='only that')
    ap.add_argument('-v', '--verbose', action='store_true')
    args = ap.parse_args()
    if args.score is None:
        args.score = os.path.dirname(os.path.abspath(args.data))
    if not os.path.isdir(args.data):
        print('detect.py: no samples at %s (set PRIVET_DATA): nothing measured' % args.data)
        return
    with tempfile.TemporaryDirectory() as tmp:
        if not args.speed:
            quality(args, tmp)
    if not args.quality:
        speed(args)


main()
