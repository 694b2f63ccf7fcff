/* The guard stops what would do harm, however it is written, and lets ordinary commands pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/file.h"
#include "inspect/guard.h"

static cu_arena forever;
static cu_command_pack shipped;
static cu_guard *guard;
static cu_inspector *inspector;

static int setup(void **state)
{
    const cu_command_pack *packs[CU_TIERS] = {&shipped};
    cu_fault f = {0};
    char dir[4096];
    snprintf(dir, sizeof dir, "%s/rules/commands", getenv("CUSTOS_CATALOG"));
    cu_arena_init(&forever, 64 << 20);
    if (cu_command_pack_load(dir, &forever, &shipped, &f) != CU_OK || cu_guard_new(packs, &guard, &f) != CU_OK) {
        fprintf(stderr, "%s\n", f.text);
        return 1;
    }
    return cu_inspector_new(guard, &inspector) != CU_OK;
}

static int teardown(void **state)
{
    cu_inspector_free(inspector);
    cu_guard_free(guard);
    cu_arena_free(&forever);
    return 0;
}

static unsigned decide(cu_inspector *i, cu_bytes text, char *rule, size_t room)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_verdict v;
    cu_arena_init(&a, 64 << 20);
    assert_int_equal(cu_inspect_command(i, text, &a, &v), CU_OK);
    if (room)
        snprintf(rule, room, "%s", v.n ? v.v[0].rule : "");
    return v.decision;
}

/* One case a line; the sign ⏎ is a line end in it. */
static cu_bytes next_case(cu_bytes all, size_t *at, uint8_t *room)
{
    static const char sign[] = "\xe2\x8f\x8e";
    while (*at < all.n) {
        const uint8_t *end = memchr(all.p + *at, '\n', all.n - *at);
        size_t to = end ? (size_t)(end - all.p) : all.n, n = 0;
        cu_bytes line = cu_slice(all, *at, to);
        *at = to + 1;
        if (line.n == 0 || cu_starts(line, CU_LIT("## ")))
            continue;
        for (size_t i = 0; i < line.n; i++) {
            bool is = line.n - i >= 3 && memcmp(line.p + i, sign, 3) == 0;
            room[n++] = is ? '\n' : line.p[i];
            i += is ? 2 : 0;
        }
        return cu_bytes_of(room, n);
    }
    return CU_NONE;
}

static void of_the_bypasses_95_in_100_are_stopped(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint8_t room[4096];
    size_t n = 0, stopped = 0;
    assert_int_equal(cu_file_read(AT_FDCWD, CASES "/bypass.txt", &b), CU_OK);
    cu_bytes c;
    for (size_t at = 0; (c = next_case(cu_buf_view(&b), &at, room)).n; n++) {
        bool hit = decide(inspector, c, NULL, 0) != CU_COMMAND_ALLOW;
        stopped += hit;
        if (!hit)
            print_message("passes: %.*s\n", CU_FMT(c));
    }
    print_message("%zu of %zu stopped\n", stopped, n);
    assert_true(n >= 200);
    assert_true(stopped * 100 >= n * 95);
}

static void ordinary_commands_pass(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint8_t room[4096];
    char rule[64];
    assert_int_equal(cu_file_read(AT_FDCWD, CASES "/ordinary.txt", &b), CU_OK);
    cu_bytes c;
    size_t n = 0;
    for (size_t at = 0; (c = next_case(cu_buf_view(&b), &at, room)).n; n++)
        if (decide(inspector, c, rule, sizeof rule) != CU_COMMAND_ALLOW)
            fail_msg("%s stops: %.*s", rule, CU_FMT(c));
    assert_true(n >= 40);
}

static void every_truncation_gives_a_verdict(void **state)
{
    static const char text[] = "sudo env A=b sh -c \"r''m ${x:-\\\"-rf\\\"} $(echo Lw== | base64 -d)\" <<E | xargs {a,b}\nls $'\\x2f' `id`\nE\n";
    for (size_t n = 0; n < sizeof text; n++) {
        decide(inspector, cu_bytes_of(text, n), NULL, 0);
        decide(inspector, cu_bytes_of(text + n, sizeof text - 1 - n), NULL, 0);
    }
}

static void what_is_too_large_or_deep_is_held(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    for (size_t i = 0; i <= CU_INSPECT_MAX_TEXT; i++)
        cu_buf_byte(&b, 'a');
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_HOLD);
    cu_buf_reset(&b);
    for (size_t i = 0; i < 200; i++)
        cu_buf_str(&b, "eval eval sudo ");
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_HOLD);
    cu_buf_reset(&b);
    for (size_t i = 0; i < 600; i++)
        cu_buf_str(&b, "a ");
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_HOLD);
    cu_buf_reset(&b);
    for (size_t i = 0; i < 40; i++)
        cu_buf_str(&b, "<<a ");
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_HOLD);
    cu_buf_reset(&b);
    cu_buf_str(&b, "echo ");
    for (size_t i = 0; i < 40; i++)
        cu_buf_str(&b, "{a,b}");
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_HOLD);
}

/* Texts whose parse would take the square of their length; held by what the parser counts, whatever the machine. */
static void what_is_made_to_take_long_is_held(void **state)
{
    static const char *const pieces[] = {"${a*", "for )$", "$((return <<a\n", "[[ \\~)$(((", "${a(?:", "')"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char rule[64];
        cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 16);
        while (b.n < 60000)
            cu_buf_str(&b, pieces[i]);
        assert_int_equal(decide(inspector, cu_buf_view(&b), rule, sizeof rule), CU_COMMAND_HOLD);
        assert_int_equal(decide(inspector, CU_LIT("git status"), NULL, 0), CU_COMMAND_ALLOW); /* the parser is ready for the next */
    }
}

/* Ordinary texts of the ceiling's order of size are read. */
/* The parser asks again for the last bytes of a text, which are no character, when what it may take is spent. */
static void half_a_character_at_the_end_of_what_is_spent(void **state)
{
    static const char text[] = " r\"\"m -rf ${x:-/} $(echo a | \xa0\xdf-d) <<E \x01\x00<E \x01|\x00\x00\x00 \x8d\xa1\nl\xff\xff\xff\xff";
    char room[sizeof text + 8];
    for (size_t n = sizeof text - 5; n < sizeof text; n++)
        decide(inspector, cu_bytes_of(text, n), NULL, 0);
    for (size_t tail = 0; tail < 5; tail++) { /* any such end behind any part of it */
        for (size_t n = 0; n < sizeof text; n++) {
            memcpy(room, text, n);
            memset(room + n, 0xff, tail);
            decide(inspector, cu_bytes_of(room, n + tail), NULL, 0);
        }
    }
}

static void a_long_ordinary_script_is_read(void **state)
{
    char rule[64];
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 17);
    for (unsigned i = 0; b.n < 60000; i++) {
        char line[256];
        snprintf(line, sizeof line, "if [ -f \"$HOME/part-%u\" ]; then\n    echo \"found part %u of ${TOTAL:-none}\" | tee -a build.log\nfi\n", i, i);
        cu_buf_str(&b, line);
    }
    decide(inspector, cu_slice(cu_buf_view(&b), 0, 8192), rule, sizeof rule);
    assert_string_not_equal(rule, "command-not-read");
}

static void without_memory_there_is_no_verdict(void **state)
{
    for (size_t ceiling = 1024; ceiling < 64 << 10; ceiling += 1024) {
        cu_arena a CU_CLEAN_ARENA;
        cu_verdict v;
        cu_arena_init(&a, ceiling);
        cu_err e = cu_inspect_command(inspector, CU_LIT("X=rm; sudo env sh -c \"$X -rf /\" <<E\n{a,b}\nE\n"), &a, &v);
        if (e == CU_OK && v.decision != CU_COMMAND_BLOCK)
            fail_msg("%zu bytes: %u", ceiling, v.decision);
    }
}

static void the_span_is_the_outermost_command(void **state)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_verdict v;
    cu_arena_init(&a, 1 << 24);
    assert_int_equal(cu_inspect_command(inspector, CU_LIT("ls; sudo sh -c 'rm -rf /'; pwd"), &a, &v), CU_OK);
    assert_int_equal(v.n, 1);
    assert_string_equal(v.v[0].rule, "delete-system");
    assert_int_equal(v.v[0].start, 4);
    assert_int_equal(v.v[0].end, 25);
}

static void each_notation_of_the_metadata_address_is_one(void **state)
{
    static const char *const forms[] = {"169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.16689662",
        "169.254.43518", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "169.254.169.254.nip.io", "169-254-169-254.sslip.io",
        "a9fea9fe.nip.io", "[64:ff9b::a9fe:a9fe]", "025177524776", "169.254.169.254.", "%31%36%39.254.169.254"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        cu_arena a CU_CLEAN_ARENA;
        cu_verdict v;
        cu_arena_init(&a, 1 << 24);
        assert_int_equal(cu_inspect_command(inspector, cu_str(cu_arena_fmt(&a, "curl -s 'http://%s/latest'", forms[i])), &a, &v), CU_OK);
        if (v.decision != CU_COMMAND_BLOCK || v.hosts_n != 1 || !cu_eq_str(v.hosts[0], "169.254.169.254"))
            fail_msg("%s: %u, %zu hosts", forms[i], v.decision, v.hosts_n);
    }
}

static void names_hosts(cu_bytes command, cu_bytes want)
{
    cu_arena a CU_CLEAN_ARENA;
    cu_buf b CU_CLEAN_BUF = CU_BUF(4096);
    cu_verdict v;
    cu_arena_init(&a, 1 << 24);
    assert_int_equal(cu_inspect_command(inspector, command, &a, &v), CU_OK);
    for (size_t k = 0; k < v.hosts_n; k++) {
        cu_buf_str(&b, k ? " " : "");
        cu_buf_add(&b, v.hosts[k]);
    }
    if (!cu_eq(cu_buf_view(&b), want))
        fail_msg("%.*s: \"%.*s\"", CU_FMT(command), CU_FMT(cu_buf_view(&b)));
}

static void hosts_are_named_where_commands_have_them(void **state)
{
    static const struct {
        const char *command, *hosts;
    } of[] = {
        {"ssh -p 22 kim@db7 ls", "db7"}, {"autossh -M 20000 kim@db7", "db7"}, {"sftp db7", "db7"}, {"psql -h db7 -d shop", "db7"},
        {"psql 'host=db7.corp.example dbname=shop'", "db7.corp.example"}, {"psql -c 'select 1' postgres://u:p@db7/shop", "db7"},
        {"influx -host db7", "db7"}, {"anything --host db7 x", "db7"}, {"anything --hostname=db7", "db7"}, {"echo x | logger --server db7", "db7"},
        {"smbclient //db7.corp.example/share", "db7.corp.example"}, {"xfreerdp /u:kim /v:10.1.2.3", "10.1.2.3"},
        {"psexec.py -k CORP/kim:x@db7 whoami", "corp db7"}, {"GetADUsers.py -all -dc-ip 10.0.0.1 corp.example/kim:x", "10.0.0.1 corp.example"},
        {"openssl < /dev/null s_client -connect db7:443", "db7"}, {"pip install --index-url https://pypi.corp.example/simple x", "pypi.corp.example"},
        {"pip install git+https://git.corp.example/a.git", "git.corp.example"}, {"echo url=https://git.corp.example | git credential fill", "git.corp.example"},
        {"HOST=db7.corp.example make deploy", "db7.corp.example"}, {"getent hosts db7", "db7"}, {"unknown kim@db7", "db7"},
        {"dockerd --host unix:///var/run/d.sock", ""}, {"dockerd -H unix://var/run/d.sock", ""}, {"wget --wait 3 --tries 100 https://a.example/", "a.example"},
        {"http https://a.example/ API-KEY:xxx file@path/to/x", "a.example"}, {"npm install left-pad@1.3.0 @scope/x@2", ""}, {"ls a@b.txt/c", ""},
        {"echo 'see https://a.example'", ""}, {"curl 3", ""},
        /* several in one word, tunnels, jump hosts */
        {"ssh -J gate,kim@db7 shop", "gate db7 shop"}, {"ssh -o ProxyJump=db7 shop", "db7 shop"}, {"ssh -L 8080:db7:80 gate", "db7 gate"},
        {"ssh -N -R '[::1]:90:[fe80::7]:22' gate", "fe80::7 gate"}, {"ssh -D 1080 gate", "gate"}, {"etcdctl --endpoints db7:2379,db8:2379 get a", "db7 db8"},
        /* behind a mark or a word */
        {"dig @db7 shop", "db7 shop"}, {"dig +short db7", "db7"}, {"socat TCP-LISTEN:80,fork TCP4:db7:80", "db7"}, {"xhost +db7", "db7"}, {"xfreerdp /u:kim /v:db7", "db7"},
        {"ip route add default via db7 dev eth0", "db7"}, {"tcpdump -i eth0 src host db7 and port 53", "db7"}, {"tcpdump -i eth0 'not port 22 and (dst db7)'", "db7"},
        {"tcpdump -i eth0 src port 53", ""}, {"xhost +", ""}, {"iptables -A INPUT -s db7 -j DROP -m comment --comment 'from 10.0.0.1'", "db7"},
        /* operands that say that they name a host */
        {"git clone kim@db7:a.git", "db7"}, {"git push origin main:prod", ""}, {"git remote add up db7:a.git", "db7"}, {"mount -t nfs db7:/srv /mnt", "db7"},
        {"mount /dev/sda1 /mnt", ""}, {"mount //db7/share /mnt", "db7"}, {"lxc exec db7:web -- ls", "db7"}, {"lxc start [db7:]web", "db7"}, {"lxc start web", ""},
        {"docker pull db7:5000/app:1", "db7"}, {"docker pull registry.corp.example/app", "registry.corp.example"}, {"docker pull kim/app:1", ""},
        {"docker run --rm db7:5000/app:1 ls a/b", "db7"}, {"docker tag app localhost/app", "localhost"}, {"sqlplus kim/x@db7/shop", "db7"},
        /* what is told by a variable; what is text; what belongs to the command behind it */
        {"PGHOST=db7 psql shop", "db7"}, {"export REDIS_HOST=db7", "db7"}, {"DISPLAY=:0 xclock", ""}, {"DISPLAY=db7:0 xclock", "db7"},
        {"git commit -m 'see https://a.example' -m 10.0.0.1", ""}, {"az login --tenant corp.a.example", ""}, {"sudo echo 10.0.0.1", ""}, {"sudo -u kim ping db7", "db7"},
        {"snmpwalk -v2c -c public db7", "db7"}, {"nmap -sT -iL list db7 db8", "db7 db8"},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        names_hosts(cu_str(of[i].command), cu_str(of[i].hosts));
}

/* COMMAND => HOST HOST */
static void hosts_are_named_by_the_manuals_of_programs(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    uint8_t room[4096];
    cu_bytes c;
    size_t n = 0;
    assert_int_equal(cu_file_read(AT_FDCWD, CASES "/hosts.txt", &b), CU_OK);
    for (size_t at = 0; (c = next_case(cu_buf_view(&b), &at, room)).n; n++) {
        size_t arrow = cu_find(c, CU_LIT(" =>"), 0);
        assert_int_not_equal(arrow, SIZE_MAX);
        names_hosts(cu_slice(c, 0, arrow), cu_slice(c, arrow + 3 < c.n ? arrow + 4 : c.n, c.n));
    }
    assert_true(n >= 200);
}

static void write_pack(const char *dir, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/a.yaml", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void drop_pack(const char *dir)
{
    char path[256];
    snprintf(path, sizeof path, "%s/a.yaml", dir);
    unlink(path);
    rmdir(dir);
}

static unsigned with_tiers(const char *tenant, const char *repo, const char *command)
{
    char dirs[2][64] = {"/tmp/custos-inspect-XXXXXX", "/tmp/custos-inspect-XXXXXX"};
    cu_command_pack packs[2];
    const cu_command_pack *tiers[CU_TIERS] = {&shipped};
    const char *texts[] = {tenant, repo};
    cu_fault f = {0};
    cu_guard *g;
    cu_inspector *i;
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 16 << 20);
    for (int k = 0; k < 2; k++) {
        assert_non_null(mkdtemp(dirs[k]));
        write_pack(dirs[k], texts[k] ? texts[k] : "permit: []\n");
        assert_int_equal(cu_command_pack_load(dirs[k], &a, &packs[k], &f), CU_OK);
        drop_pack(dirs[k]);
        tiers[k ? CU_TIER_REPO : CU_TIER_TENANT] = &packs[k];
    }
    assert_int_equal(cu_guard_new(tiers, &g, &f), CU_OK);
    assert_int_equal(cu_inspector_new(g, &i), CU_OK);
    unsigned d = decide(i, cu_str(command), NULL, 0);
    cu_inspector_free(i);
    cu_guard_free(g);
    return d;
}

static void the_strictest_tier_wins(void **state)
{
    assert_int_equal(with_tiers("permit: [infrastructure-apply]\n", NULL, "terraform apply"), CU_COMMAND_ALLOW);
    assert_int_equal(with_tiers("permit: [delete-system]\n", NULL, "rm -rf /"), CU_COMMAND_BLOCK);
    assert_int_equal(with_tiers("deny_hosts: ['*.corp.example']\n", "permit: [host-denied]\n", "ping db.corp.example"), CU_COMMAND_BLOCK);
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", NULL, "curl https://ok.example/"), CU_COMMAND_ALLOW);
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", NULL, "curl https://no.example/"), CU_COMMAND_HOLD);
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", NULL, "curl https://$HOST/"), CU_COMMAND_HOLD);
    assert_int_equal(with_tiers(NULL, "allow_hosts: [no.example]\n", "curl https://no.example/"), CU_COMMAND_ALLOW);
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", "allow_hosts: [no.example]\n", "curl https://no.example/"), CU_COMMAND_HOLD);
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", NULL, "ssh jump_host"), CU_COMMAND_HOLD); /* named or not */
    assert_int_equal(with_tiers("allow_hosts: [ok.example]\n", NULL, "fping lists/of-machines"), CU_COMMAND_ALLOW);
    assert_int_equal(with_tiers("deny_programs: [nmap]\n", NULL, "sudo nmap 10.0.0.1"), CU_COMMAND_BLOCK);
}

static cu_err pack_of(const char *list, const char *names, cu_arena *a, cu_command_pack *p, cu_fault *f)
{
    const cu_pack_file files[] = {{CU_LIT("a.yaml"), CU_LIT("permit: []\n")}, {cu_str(list), cu_str(names)}};
    return cu_command_pack_read("folder", files, 2, a, p, f);
}

typedef struct {
    const char *command;
    unsigned decision;
} packaged;

/* There is one list of packages, of that tier. Everything lives in the arena but i and g. */
static cu_inspector *listed(const char *file, const char *list, unsigned tier, cu_arena *a, cu_guard **g)
{
    const cu_command_pack *tiers[CU_TIERS] = {&shipped};
    cu_command_pack *p = cu_arena_alloc(a, sizeof *p);
    cu_fault f = {0};
    cu_inspector *i;
    assert_int_equal(pack_of(file, list, a, p, &f), CU_OK);
    tiers[tier] = p;
    assert_int_equal(cu_guard_new(tiers, g, &f), CU_OK);
    assert_int_equal(cu_inspector_new(*g, &i), CU_OK);
    return i;
}

static void with_list(const char *file, const char *list, unsigned tier, const packaged *of, size_t n)
{
    cu_guard *g;
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 16 << 20);
    cu_inspector *i = listed(file, list, tier, &a, &g);
    for (size_t k = 0; k < n; k++) {
        char rule[64];
        if (decide(i, cu_str(of[k].command), rule, sizeof rule) != of[k].decision || (of[k].decision && strcmp(rule, "package-not-known")))
            fail_msg("%s: %s", of[k].command, rule);
    }
    cu_inspector_free(i);
    cu_guard_free(g);
}

static void packages_that_no_list_has_are_held(void **state)
{
    static const packaged of[] = {
        {"pip install requests", CU_COMMAND_ALLOW}, {"pip install Flask==2.0 'numpy[extra]>=1'", CU_COMMAND_ALLOW}, {"pip install Zope.Interface", CU_COMMAND_ALLOW},
        {"pip install zope_interface", CU_COMMAND_ALLOW}, {"pip install -r requests-pro.txt", CU_COMMAND_ALLOW}, {"pip install . ./x.whl git+https://a.example/b", CU_COMMAND_ALLOW},
        {"pip list requests-pro", CU_COMMAND_ALLOW}, {"pip install requests-pro", CU_COMMAND_HOLD}, {"sudo python3 -m pip install -q requests requests-pro", CU_COMMAND_HOLD},
        {"sh -c \"pip3 install 'requests-pro>=1'\"", CU_COMMAND_HOLD}, {"pip install $NAME", CU_COMMAND_HOLD}, {"uv add numpyy", CU_COMMAND_HOLD}, {"pip install zzz", CU_COMMAND_HOLD},
        {"pip install a", CU_COMMAND_HOLD}, {"cargo add anything", CU_COMMAND_ALLOW}, /* no list of cargo */
    };
    with_list("pypi.packages", "flask\nnumpy\nrequests\nzope-interface\n", CU_TIER_ORG, of, sizeof of / sizeof *of);
}

static void names_of_npm_keep_their_scope(void **state)
{
    static const packaged of[] = {
        {"npm i -D @types/node@20 left-pad@^1", CU_COMMAND_ALLOW}, {"npm install", CU_COMMAND_ALLOW}, {"npx left-pad --fix whatever", CU_COMMAND_ALLOW},
        {"npm install user/repo", CU_COMMAND_ALLOW}, {"npm i pad@npm:left-pad@1", CU_COMMAND_ALLOW}, {"npm i pad@npm:left-padd@1", CU_COMMAND_HOLD},
        {"npm i @types/nodee", CU_COMMAND_HOLD}, {"yarn add left-padd", CU_COMMAND_HOLD}, {"npx left-padd", CU_COMMAND_HOLD}, {"npm i Left-Pad", CU_COMMAND_HOLD},
    };
    with_list("npm.packages", "@types/node\nleft-pad", CU_TIER_TENANT, of, sizeof of / sizeof *of);
}

typedef struct {
    const char *path, *text, *named; /* named: the first that is held; NULL: none is */
} declared;

static void with_files(const char *file, const char *list, const char *rule, const declared *of, size_t n)
{
    cu_guard *g;
    cu_arena a CU_CLEAN_ARENA;
    cu_arena_init(&a, 64 << 20);
    cu_inspector *i = listed(file, list, CU_TIER_ORG, &a, &g);
    for (size_t k = 0; k < n; k++) {
        cu_verdict v;
        cu_bytes text = cu_str(of[k].text);
        assert_int_equal(cu_inspect_manifest(i, cu_str(of[k].path), CU_NONE, text, &a, &v), CU_OK);
        bool held = v.n == 1 && v.decision == CU_COMMAND_HOLD && strcmp(v.v[0].rule, rule) == 0;
        if (held != (of[k].named != NULL) || (!held && v.n) || (held && !cu_eq_str(cu_slice(text, v.v[0].start, v.v[0].end), of[k].named)))
            fail_msg("%s: %s: %zu reasons", of[k].path, of[k].text, v.n);
    }
    cu_inspector_free(i);
    cu_guard_free(g);
}

static void with_manifests(const char *file, const char *list, const declared *of, size_t n)
{
    with_files(file, list, "package-not-known", of, n);
}

static void files_that_name_packages_of_pypi(void **state)
{
    static const declared of[] = {
        {"requirements.txt", "requests==2.1 # why\r\nFlask[async]>=2\n-r other.txt\n--index-url https://pypi.example/\nnumpy ; python_version<'3'\n\n# gone\n", NULL},
        {"a/requirements-dev.txt", "requests\nreqeusts==2\n", "reqeusts==2"}, {"requirements/ci.txt", "zzz", "zzz"}, {"srv/requirements/ci.in", "zzz>1", "zzz>1"},
        {"requirements.txt", "tool @ https://a.example/t.whl\ngit+https://a.example/b\n./local\n", NULL}, {"notes.txt", "zzz\n", NULL},
        {"pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\n  \"requests>=2\", # why\n  'numpy',\n]\n[tool.ruff]\nselect = [\"E501\"]\n", NULL},
        {"pyproject.toml", "[project]\ndependencies = [\"requests\", \"numpyy>=1\"]\n", "numpyy>=1"}, {"x/pyproject.toml", "[project.optional-dependencies]\ntest = [\n\"pytestt\"]\n", "pytestt"},
        {"pyproject.toml", "[build-system]\nrequires = [\"setupptools>=60\"]\n", "setupptools>=60"}, {"pyproject.toml", "[dependency-groups]\ndev = [\"zzz\"]\n", "zzz"},
        {"pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.10\"\nrequests = \"^2\"\nmine = {path = \"../mine\"}\n", NULL},
        {"pyproject.toml", "[tool.poetry.group.dev.dependencies]\nfancyx = \"*\"\n", "fancyx"}, {"pyproject.toml", "  \"fancyx>=1\",\n", "fancyx>=1"},
        {"pyproject.toml", "  \"E501\",\n", NULL}, {"pyproject.toml", "[project]\ndescription = \"fancyx>=1\"\n", NULL}, {"Pipfile", "[packages]\nnumpyy = \"*\"\n", "numpyy"},
    };
    with_manifests("pypi.packages", "flask\nnumpy\nrequests\n", of, sizeof of / sizeof *of);
}

static void files_that_name_packages_of_npm(void **state)
{
    static const declared of[] = {
        {"package.json", "{\"name\":\"x\",\"version\":\"1.0.0\",\"scripts\":{\"build\":\"1\"},\"dependencies\":{\"react\":\"^18\",\"@types/node\":\"*\"},\"devDependencies\":{\"own\":\"file:../own\"}}", NULL},
        {"web/package.json", "{\"devDependencies\":{\"react\":\"^18\",\"reactt\":\"^1\"}}", "reactt"}, {"package.json", "{\"peerDependencies\":{\"x\":\"npm:reactt@1\"}}", "npm:reactt@1"},
        {"package.json", "    \"reactt\": \"^1.0.0\",\n", "reactt"}, {"package.json", "    \"version\": \"1.0.0\",\n    \"main\": \"index.js\",\n", NULL},
        {"package.json", "  \"scripts\": {\n    \"build\": \"1x\"\n  },\n  \"dependencies\": {\n    \"react\": \"^18\",\n    \"own\": \"user/repo\"\n  }\n", NULL},
        {"package.json", "  \"dependencies\": {\n    \"reactt\": \"weekly\"\n  },\n", "reactt"}, {"package-lock.json", "{\"dependencies\":{\"reactt\":\"1\"}}", NULL},
    };
    with_manifests("npm.packages", "@types/node\nreact\n", of, sizeof of / sizeof *of);
}

static void files_that_name_packages_of_cargo(void **state)
{
    static const declared of[] = {
        {"Cargo.toml", "[package]\nname=\"a\"\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nlocal = { path = \"../l\" }\n[dev-dependencies]\ntokio = \"1\"\n", NULL},
        {"Cargo.toml", "[dependencies]\nserdee = \"1\"\n", "serdee"}, {"crates/a/Cargo.toml", "[dependencies.serdex]\nversion = \"1\"\n", "serdex"},
        {"Cargo.toml", "[target.'cfg(unix)'.dependencies]\nnixx = \"0.2\"\n", "nixx"}, {"Cargo.toml", "[dependencies]\nmy = { package = \"toki0\", version = \"1\" }\n", "toki0"},
        {"Cargo.toml", "[features]\ndefault = [\"fast\"]\n[profile.release]\nlto = true\n", NULL},
    };
    with_manifests("cargo.packages", "serde\ntokio\n", of, sizeof of / sizeof *of);
}

static void parts_of_toml_that_are_no_names(void **state)
{
    static const declared pypi[] = {
        {"pyproject.toml", "dependencies = ['flask', 'zzz']\n", "zzz"}, {"pyproject.toml", "[tool.uv]\ndev-dependencies = ['zzz']\n", "zzz"},
        {"pyproject.toml", "[dependency-groups]\ndev = ['flask', {include-group = 'zzz'}]\n", NULL},
        {"pyproject.toml", "[project]\ndescription = \"\"\"\n[project]\ndependencies = ['zzz']\n\"\"\"\n", NULL},
        {"pyproject.toml", "[project]\ndescription = \"\"\"\nx\n\"\"\"\ndependencies = ['zzz']\n", "zzz"},
    };
    static const declared crates[] = {
        {"Cargo.toml", "[dependencies]\nshared.workspace = true\nother = { workspace = true }\n", NULL},
        {"Cargo.toml", "[dependencies.own]\npath = \"../own\"\n[dependencies.alias]\npackage = \"serde\"\n", NULL},
        {"Cargo.toml", "[dependencies.alias]\npackage = \"serdee\"\n", "serdee"}, {"Cargo.toml", "[target.'cfg(unix)'.dev-dependencies]\nserdee = '1'\n", "serdee"},
    };
    with_manifests("pypi.packages", "flask\n", pypi, sizeof pypi / sizeof *pypi);
    with_manifests("cargo.packages", "serde\n", crates, sizeof crates / sizeof *crates);
}

static void aliases_and_engines_of_npm(void **state)
{
    static const declared of[] = {
        {"package.json", "{\"optionalDependencies\":{\"pad\":\"npm:@types/nodee@1-x64\"}}", "npm:@types/nodee@1-x64"},
        {"package.json", "{\"optionalDependencies\":{\"pad\":\"npm:@types/node@1-x64\"}}", NULL}, {"package.json", "    \"node\": \">=18\"\n", NULL},
    };
    static const packaged commands[] = {{"npm i pad@npm:@types/node@1", CU_COMMAND_ALLOW}, {"npm i pad@npm:@types/nodee@1", CU_COMMAND_HOLD}};
    with_manifests("npm.packages", "@types/node\n", of, sizeof of / sizeof *of);
    with_list("npm.packages", "@types/node\n", CU_TIER_ORG, commands, sizeof commands / sizeof *commands);
}

static void modules_of_go(void **state)
{
    static const declared of[] = {
        {"go.mod", "module example.com/own\n\ngo 1.23\n\nrequire (\n\tgithub.com/a/B v1.0.0 // indirect\n)\nreplace github.com/a/c => ../c\n", NULL},
        {"go.mod", "require github.com/a/bb v1.0.0\n", "github.com/a/bb"}, {"go.mod", "require (\n\tgithub.com/a/B v1.0.0\n\tgithub.com/a/b v1.0.0\n)\n", "github.com/a/b"},
    };
    with_manifests("go.packages", "github.com/a/B\n", of, sizeof of / sizeof *of);
}

static void modules_that_python_imports(void **state)
{
    static const declared of[] = {
        {"app/main.py", "import os, sys\nfrom __future__ import annotations\nimport requests\nfrom flask.views import View\n", NULL},
        {"app/main.py", "import yaml\nimport cv2 as c, PIL.Image\nfrom zope.interface import x\n", NULL}, {"x.py", "import requestss\n", "requestss"},
        {"x.py", "try:\n    import fastjsonn as json, os\nexcept ImportError: pass\n", "fastjsonn"}, {"x.py", "import os; import zzz # why\n", "zzz"},
        {"x.py", "from zzz.a import (  # all\n    b,\n)\n", "zzz"}, {"x.py", "from google.cloud import storage\n", NULL}, {"x.py", "from google.cloud import fancy\n", "google"},
        {"x.py", "from . import zzz\nfrom .zzz import a\nfrom app import b\n", "app"}, {"app/x.py", "from app import b\nimport x\n", NULL},
        {"x.py", "\"\"\"Use it so:\n\nimport zzz\n\"\"\"\ns = '''\nimport zzz\n'''\n# import zzz\nraise A from zzz\n", NULL}, {"x.py", ">>> import zzz\nimport zzz as you like\n", NULL},
        {"x.py", "m = importlib.import_module('zzz.b')\n", "zzz"}, {"x.py", "__import__(\"zzz\")\n__import__(name)\n", "zzz"},
        {"x.py", "importlib.import_module('.zzz', package=a)\nimport_module('a/b')\n__import__('zzz' + a)\n", NULL}, {"x.txt", "import zzz\n", NULL},
        {"x.py", "f(\nimport_=1)\nimport zzz", "zzz"},
    };
    with_files("pypi.packages", "flask\ngoogle-cloud-storage\nopencv-python\npillow\npyyaml\nrequests\nzope-interface\n", "import-not-known", of, sizeof of / sizeof *of);
}

static void modules_that_scripts_import(void **state)
{
    static const declared of[] = {
        {"a.js", "const fs = require('fs'), p = require(\"path/posix\"), r = require('react/jsx-runtime');\n", NULL}, {"a.mjs", "import 'reactt'\n", "reactt"},
        {"a.ts", "import type { A } from 'estree'\nimport x from 'node:fs'\nimport y from './y'\nimport z from '@/z'\nimport '#in'\nimport u from 'https://a.example/u.js'\n", NULL},
        {"a.ts", "import a, {\n  b,\n  c as d\n} from \"@scope/pkgg/sub\"\n", "@scope/pkgg/sub"}, {"a.tsx", "export * from 'reactt'", "reactt"}, {"a.js", "await import('reactt')", "reactt"},
        {"a.js", "await import(`reactt`); import('reactt' + x); require(name); app.require('reactt')\n", NULL}, {"a.cjs", "require.resolve('reactt')", "reactt"},
        {"a.js", "// import 'zzz'\n/* require('zzz') */ const s = \"require('zzz')\", t = `import 'zzz'\nimport 'zzz'\n`, r = /['\"`]/g\nrequire('react')\n", NULL},
        {"a.jsx", "export default function A() {\n  return <p>It is from 'zzz'</p>\n}\nimport b from 'reactt'\n", "reactt"}, {"a.js", "const a = b / c; const d = e / f\nrequire('reactt')", "reactt"},
        {"a.ts", "export const from = 'zzz'\nexport { x }\nimport s from 'file.txt?raw'\nimport w from 'raw-loader!react'\n", NULL}, {"a.ts", "import r = require('reactt')", "reactt"},
        {"a.js", "const x = {from: 'zzz', import: 'zzz'}\nArray.from('zzz')\nconst q = `${a({b: '`'})}`\n", NULL},
    };
    with_files("npm.packages", "@scope/pkg\n@types/estree\nreact\n", "import-not-known", of, sizeof of / sizeof *of);
}

static void builds_of_the_jvm(void **state)
{
#define DEPENDENCY(group, name) "<dependency>\n <groupId>" group "</groupId><!-- <artifactId>no</artifactId> -->\n <artifactId>" name "</artifactId>\n</dependency>"
    static const declared of[] = {
        {"pom.xml", "<project><groupId>com.own</groupId><dependencies>" DEPENDENCY("org.a", "b") DEPENDENCY("com.own", "other") "</dependencies></project>", NULL},
        {"pom.xml", DEPENDENCY("org.a", "c"), "c"}, {"pom.xml", "<project><parent><groupId>org.a</groupId></parent><groupId>com.own</groupId>" DEPENDENCY("org.a", "c") "</project>", "c"},
        {"pom.xml", "<properties><g>org.a</g><n>c</n></properties>" DEPENDENCY("${g}", "${n}"), "${n}"}, {"pom.xml", DEPENDENCY("${project.groupId}", "c") DEPENDENCY("org.a", "c-${v}"), NULL},
        {"pom.xml", "<dependency><groupId>org.a</groupId><artifactId>b</artifactId><exclusions><exclusion><groupId>org.a</groupId><artifactId>c</artifactId></exclusion></exclusions></dependency>", NULL},
        {"pom.xml", "<dependency><groupId>org.a</groupId><artifactId>c</artifactId><scope>system</scope><systemPath>x.jar</systemPath></dependency>", NULL},
        {"pom.xml", "<plugin><artifactId>maven-zzz-plugin</artifactId></plugin>", "maven-zzz-plugin"}, {"pom.xml", "<a><b></a></b><dependency/><artifactId>c</artifactId>", NULL},
        {"build.gradle", "dependencies {\n  implementation 'org.a:b:1.0'\n  api project(':org.a:c')\n  // api 'org.a:c:1'\n}\ngroup = 'org.a:c'\n", NULL},
        {"build.gradle", "testImplementation(\n  'org.a:c:1')", "org.a:c:1"}, {"build.gradle.kts", "implementation(platform(\"Org.A:B:1\"))\nkapt(\"org.a:c\")\n", "org.a:c"},
        {"build.gradle", "implementation group: 'org.a', name: 'c', version: '1'\n", "c"}, {"build.gradle", "runtimeOnly 'org.a:b:1',\n  'org.a:c:1'\n", "org.a:c:1"},
        {"build.gradle", "implementation \"$g:c:1\", \"org.a:${n}:1\"\nimplementation files('a/b')\nurl 'https://a.example/c'\n", NULL},
    };
    with_manifests("maven.packages", "a:b\norg.a:b\n", of, sizeof of / sizeof *of);
#undef DEPENDENCY
}

/* The tier that has the list, or a stronger one, may name them; a weaker one may not. */
static void modules_of_ones_own(void **state)
{
    for (unsigned tier = CU_TIER_REPO; tier < CU_TIERS; tier++) {
        const cu_pack_file both[] = {{CU_LIT("a.yaml"), CU_LIT("own_modules: ['acme_*']\n")}, {CU_LIT("pypi.packages"), CU_LIT("flask\n")}};
        const cu_command_pack *tiers[CU_TIERS] = {&shipped};
        cu_command_pack list, own;
        cu_inspector *i;
        cu_guard *g;
        cu_verdict v;
        cu_fault f = {0};
        cu_arena a CU_CLEAN_ARENA;
        cu_arena_init(&a, 64 << 20);
        assert_int_equal(cu_command_pack_read("list", both + 1, 1, &a, &list, &f), CU_OK);
        tiers[CU_TIER_TENANT] = &list;
        assert_int_equal(cu_command_pack_read("own", both, tier == CU_TIER_TENANT ? 2 : 1, &a, &own, &f), CU_OK);
        tiers[tier] = &own;
        assert_int_equal(cu_guard_new(tiers, &g, &f), CU_OK);
        assert_int_equal(cu_inspector_new(g, &i), CU_OK);
        assert_int_equal(cu_inspect_manifest(i, CU_LIT("x.py"), CU_NONE, CU_LIT("import acme_core.x\n"), &a, &v), CU_OK);
        assert_int_equal(v.decision, tier == CU_TIER_REPO ? CU_COMMAND_HOLD : CU_COMMAND_ALLOW);
        cu_inspector_free(i);
        cu_guard_free(g);
    }
}

static void files_that_a_command_writes(void **state)
{
    static const packaged of[] = {
        {"cat > requirements.txt <<E\nflask\nE\n", CU_COMMAND_ALLOW}, {"cat > requirements.txt <<E\nflask\nzzz==1\nE\n", CU_COMMAND_HOLD},
        {"echo zzz >> app/requirements.txt", CU_COMMAND_HOLD}, {"echo zzz >> notes.txt", CU_COMMAND_ALLOW}, {"printf '[packages]\\nzzz = \"*\"\\n' > Pipfile", CU_COMMAND_HOLD},
    };
    with_list("pypi.packages", "flask\n", CU_TIER_ORG, of, sizeof of / sizeof *of);
}

static void wrong_lists_of_packages_are_refused_with_the_line(void **state)
{
    static const struct { const char *text, *says; } bad[] = {
        {"b\na\n", "pypi.packages:2: lines are in order"}, {"a\na\n", ":2: lines are in order"}, {"a\n\nb\n", ":2: the line is empty"}, {"A\n", ":1: the name is not in its usual form"},
        {"a_b\n", "usual form"}, {"a b\n", "without blanks"}, {"a\r\n", "without blanks"}, {"", "the list is empty"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        cu_command_pack p;
        cu_fault f = {0};
        cu_arena a CU_CLEAN_ARENA;
        cu_arena_init(&a, 16 << 20);
        if (pack_of("pypi.packages", bad[k].text, &a, &p, &f) != CU_CONFIG || !strstr(f.text, bad[k].says))
            fail_msg("%s: %s", bad[k].text, f.text);
    }
}

static void wrong_packs_are_refused_with_the_place(void **state)
{
    static const struct { const char *text, *says; } bad[] = {
        {"rules: [{id: a}]\n", "title"}, {"ruls: []\n", "a.yaml:1"}, {"programs: [{names: [a], tags: [b]}]\n", "no tag"},
        {"rules:\n- {id: a, title: t, message: m, instead: i, decision: allow, program: [x], match: [x, x], not_match: [y, z]}\n", "a.yaml:2"},
        {"rules:\n- {id: a, title: t, message: m, instead: i, decision: hold, match: [x, x], not_match: [y, z]}\n", "needs a condition"},
        {"rules:\n- {id: a, title: t, message: m, instead: i, decision: hold, program: [x], match: [x], not_match: [y, z]}\n", "at least 2"},
        {"rules:\n- {id: a, title: t, message: m, instead: i, decision: hold, program: [x], match: [x, q], not_match: [y, z]}\n", "does not match"},
        {"rules:\n- {id: a, title: t, message: m, instead: i, decision: hold, program: [x], match: [x, x 1], not_match: [x 2, z]}\n", "matches"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char dir[] = "/tmp/custos-inspect-XXXXXX";
        cu_command_pack p;
        const cu_command_pack *tiers[CU_TIERS] = {NULL, &p};
        cu_guard *g = NULL;
        cu_fault f = {0};
        cu_arena a CU_CLEAN_ARENA;
        cu_arena_init(&a, 16 << 20);
        assert_non_null(mkdtemp(dir));
        write_pack(dir, bad[i].text);
        cu_err e = cu_command_pack_load(dir, &a, &p, &f);
        if (e == CU_OK)
            e = cu_guard_new(tiers, &g, &f);
        drop_pack(dir);
        if (e == CU_OK || !strstr(f.text, bad[i].says))
            fail_msg("%s: %s", bad[i].text, f.text);
    }
}

static void a_hundred_ordinary_lines_pass(void **state)
{
    cu_buf b CU_CLEAN_BUF = CU_BUF(1 << 20);
    for (int i = 0; i < 100; i++)
        cu_buf_fmt(&b, i % 4 ? "git add src/part%d.c\n" : "make -j4 test-%d | tee out.log\n", i);
    assert_int_equal(decide(inspector, cu_buf_view(&b), NULL, 0), CU_COMMAND_ALLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_bypasses_95_in_100_are_stopped),
        cmocka_unit_test(ordinary_commands_pass),
        cmocka_unit_test(every_truncation_gives_a_verdict),
        cmocka_unit_test(what_is_too_large_or_deep_is_held),
        cmocka_unit_test(what_is_made_to_take_long_is_held),
        cmocka_unit_test(half_a_character_at_the_end_of_what_is_spent),
        cmocka_unit_test(a_long_ordinary_script_is_read),
        cmocka_unit_test(without_memory_there_is_no_verdict),
        cmocka_unit_test(the_span_is_the_outermost_command),
        cmocka_unit_test(each_notation_of_the_metadata_address_is_one),
        cmocka_unit_test(hosts_are_named_where_commands_have_them),
        cmocka_unit_test(hosts_are_named_by_the_manuals_of_programs),
        cmocka_unit_test(the_strictest_tier_wins),
        cmocka_unit_test(packages_that_no_list_has_are_held),
        cmocka_unit_test(files_that_name_packages_of_pypi),
        cmocka_unit_test(files_that_name_packages_of_npm),
        cmocka_unit_test(files_that_name_packages_of_cargo),
        cmocka_unit_test(modules_that_python_imports),
        cmocka_unit_test(modules_that_scripts_import),
        cmocka_unit_test(builds_of_the_jvm),
        cmocka_unit_test(modules_of_ones_own),
        cmocka_unit_test(parts_of_toml_that_are_no_names),
        cmocka_unit_test(aliases_and_engines_of_npm),
        cmocka_unit_test(modules_of_go),
        cmocka_unit_test(files_that_a_command_writes),
        cmocka_unit_test(names_of_npm_keep_their_scope),
        cmocka_unit_test(wrong_lists_of_packages_are_refused_with_the_line),
        cmocka_unit_test(wrong_packs_are_refused_with_the_place),
        cmocka_unit_test(a_hundred_ordinary_lines_pass),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
