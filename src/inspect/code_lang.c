/* Which node of which grammar is what to the walk. A node that stands nowhere here is gone through. */
#include "code_in.h"

const TSLanguage *tree_sitter_bash(void);
const TSLanguage *tree_sitter_c(void);
const TSLanguage *tree_sitter_go(void);
const TSLanguage *tree_sitter_hcl(void);
const TSLanguage *tree_sitter_java(void);
const TSLanguage *tree_sitter_javascript(void);
const TSLanguage *tree_sitter_python(void);
const TSLanguage *tree_sitter_tsx(void);
const TSLanguage *tree_sitter_typescript(void);
const TSLanguage *tree_sitter_yaml(void);

static const code_shape python[] = {
    {"comment", K_SKIP, {0}},
    {"string", K_STRING, {0}},
    {"identifier", K_NAME, {0}},
    {"attribute", K_MEMBER, {"object", "attribute"}},
    {"subscript", K_INDEX, {"value", "subscript"}},
    {"call", K_CALL, {"function", "arguments"}},
    {"keyword_argument", K_PAIR, {"name", "value"}},
    {"pair", K_PAIR, {"key", "value"}},
    {"default_parameter", K_PARAM, {"name", "value"}},
    {"typed_parameter", K_PARAM, {0}},
    {"typed_default_parameter", K_PARAM, {"name", "value"}},
    {"binary_operator", K_BINARY, {"left", "right"}},
    {"comparison_operator", K_COMPARE, {0}},
    {"assignment", K_ASSIGN, {"left", "right"}},
    {"named_expression", K_ASSIGN, {"name", "value"}},
    {"augmented_assignment", K_ADD, {"left", "right"}},
    {"if_statement", K_IF, {"condition", "consequence", "alternative"}},
    {"elif_clause", K_IF, {"condition", "consequence", "alternative"}},
    {"conditional_expression", K_CHOICE, {0}},
    {"while_statement", K_BRANCH, {0}},
    {"except_clause", K_BRANCH, {0}},
    {"case_clause", K_BRANCH, {0}},
    {"for_statement", K_EACH, {"left", "right", "body"}},
    {"function_definition", K_FUNC, {"name", "parameters", "body"}},
    {"lambda", K_FUNC, {0, "parameters", "body"}},
    {"decorated_definition", K_DECORATED, {0}},
    {"return_statement", K_EXIT, {0}},
    {"raise_statement", K_EXIT, {0}},
    {"continue_statement", K_EXIT, {0}},
    {"break_statement", K_EXIT, {0}},
    {"import_statement", K_IMPORT, {0}},
    {"import_from_statement", K_IMPORT, {"module_name"}},
    {"type", K_SKIP, {0}},
};

#define JAVASCRIPT \
    {"comment", K_SKIP, {0}}, {"string", K_STRING, {0}}, {"template_string", K_STRING, {0}}, {"identifier", K_NAME, {0}}, \
    {"shorthand_property_identifier", K_NAME, {0}}, {"member_expression", K_MEMBER, {"object", "property"}}, \
    {"subscript_expression", K_INDEX, {"object", "index"}}, {"call_expression", K_CALL, {"function", "arguments"}}, \
    {"new_expression", K_NEW, {"constructor", "arguments"}}, {"pair", K_PAIR, {"key", "value"}}, {"jsx_attribute", K_PAIR, {0}}, \
    {"binary_expression", K_BINARY, {"left", "right"}}, {"assignment_expression", K_ASSIGN, {"left", "right"}}, \
    {"variable_declarator", K_ASSIGN, {"name", "value"}}, {"augmented_assignment_expression", K_ADD, {"left", "right"}}, \
    {"field_definition", K_ASSIGN, {"property", "value"}}, {"public_field_definition", K_ASSIGN, {"name", "value"}}, \
    {"if_statement", K_IF, {"condition", "consequence", "alternative"}}, {"ternary_expression", K_CHOICE, {"condition", "consequence", "alternative"}}, \
    {"while_statement", K_BRANCH, {0}}, {"for_statement", K_BRANCH, {0}}, {"catch_clause", K_BRANCH, {0}}, {"switch_case", K_BRANCH, {0}}, \
    {"for_in_statement", K_EACH, {"left", "right", "body"}}, {"function_declaration", K_FUNC, {"name", "parameters", "body"}}, \
    {"function_expression", K_FUNC, {"name", "parameters", "body"}}, {"generator_function_declaration", K_FUNC, {"name", "parameters", "body"}}, \
    {"method_definition", K_FUNC, {"name", "parameters", "body"}}, {"arrow_function", K_FUNC, {"parameter", "parameters", "body"}}, \
    {"return_statement", K_EXIT, {0}}, {"throw_statement", K_EXIT, {0}}, {"continue_statement", K_EXIT, {0}}, {"break_statement", K_EXIT, {0}}, \
    {"import_statement", K_IMPORT, {"source"}}, {"required_parameter", K_PARAM, {"pattern", "value"}}, {"optional_parameter", K_PARAM, {"pattern", "value"}}, \
    {"type_annotation", K_SKIP, {0}}, {"assignment_pattern", K_PARAM, {"left", "right"}}, {"regex", K_SKIP, {0}}

static const code_shape javascript[] = {JAVASCRIPT};

static const code_shape go[] = {
    {"comment", K_SKIP, {0}},
    {"interpreted_string_literal", K_STRING, {0}},
    {"raw_string_literal", K_STRING, {0}},
    {"identifier", K_NAME, {0}},
    {"selector_expression", K_MEMBER, {"operand", "field"}},
    {"qualified_type", K_MEMBER, {"package", "name"}},
    {"index_expression", K_INDEX, {"operand", "index"}},
    {"call_expression", K_CALL, {"function", "arguments"}},
    {"type_conversion_expression", K_DOWN, {0}},
    {"composite_literal", K_NEW, {"type", "body"}},
    {"keyed_element", K_PAIR, {"key", "value"}},
    {"binary_expression", K_BINARY, {"left", "right"}},
    {"short_var_declaration", K_ASSIGN, {"left", "right"}},
    {"assignment_statement", K_ASSIGN, {"left", "right"}},
    {"var_spec", K_ASSIGN, {"name", "value"}},
    {"const_spec", K_ASSIGN, {"name", "value"}},
    {"if_statement", K_IF, {"condition", "consequence", "alternative"}},
    {"for_statement", K_BRANCH, {0}},
    {"range_clause", K_EACH, {"left", "right"}},
    {"expression_case", K_BRANCH, {0}},
    {"default_case", K_BRANCH, {0}},
    {"function_declaration", K_FUNC, {"name", "parameters", "body"}},
    {"method_declaration", K_FUNC, {"name", "parameters", "body"}},
    {"func_literal", K_FUNC, {0, "parameters", "body"}},
    {"parameter_declaration", K_PARAM, {"name", 0, "type"}},
    {"return_statement", K_EXIT, {0}},
    {"continue_statement", K_EXIT, {0}},
    {"break_statement", K_EXIT, {0}},
    {"import_spec", K_IMPORT, {"path", "name"}},
};

static const code_shape java[] = {
    {"line_comment", K_SKIP, {0}},
    {"block_comment", K_SKIP, {0}},
    {"string_literal", K_STRING, {0}},
    {"character_literal", K_STRING, {0}},
    {"identifier", K_NAME, {0}},
    {"field_access", K_MEMBER, {"object", "field"}},
    {"array_access", K_INDEX, {"array", "index"}},
    {"method_invocation", K_CALL, {"name", "arguments", "object"}},
    {"object_creation_expression", K_NEW, {"type", "arguments"}},
    {"element_value_pair", K_PAIR, {"key", "value"}},
    {"binary_expression", K_BINARY, {"left", "right"}},
    {"cast_expression", K_DOWN, {0}},
    {"assignment_expression", K_ASSIGN, {"left", "right"}},
    {"variable_declarator", K_ASSIGN, {"name", "value"}},
    {"resource", K_ASSIGN, {"name", "value"}},
    {"local_variable_declaration", K_DECLARE, {"type"}},
    {"field_declaration", K_DECLARE, {"type"}},
    {"if_statement", K_IF, {"condition", "consequence", "alternative"}},
    {"ternary_expression", K_CHOICE, {"condition", "consequence", "alternative"}},
    {"while_statement", K_BRANCH, {0}},
    {"for_statement", K_BRANCH, {0}},
    {"catch_clause", K_BRANCH, {0}},
    {"switch_block_statement_group", K_BRANCH, {0}},
    {"enhanced_for_statement", K_EACH, {"name", "value", "body"}},
    {"method_declaration", K_FUNC, {"name", "parameters", "body"}},
    {"constructor_declaration", K_FUNC, {"name", "parameters", "body"}},
    {"lambda_expression", K_FUNC, {0, "parameters", "body"}},
    {"formal_parameter", K_PARAM, {"name", 0, "type"}},
    {"return_statement", K_EXIT, {0}},
    {"throw_statement", K_EXIT, {0}},
    {"continue_statement", K_EXIT, {0}},
    {"break_statement", K_EXIT, {0}},
    {"import_declaration", K_SKIP, {0}},
    {"package_declaration", K_SKIP, {0}},
};

static const code_shape c[] = {
    {"comment", K_SKIP, {0}},
    {"string_literal", K_STRING, {0}},
    {"identifier", K_NAME, {0}},
    {"field_expression", K_MEMBER, {"argument", "field"}},
    {"subscript_expression", K_INDEX, {"argument", "index"}},
    {"call_expression", K_CALL, {"function", "arguments"}},
    {"binary_expression", K_BINARY, {"left", "right"}},
    {"assignment_expression", K_ASSIGN, {"left", "right"}},
    {"init_declarator", K_ASSIGN, {"declarator", "value"}},
    {"if_statement", K_IF, {"condition", "consequence", "alternative"}},
    {"conditional_expression", K_CHOICE, {"condition", "consequence", "alternative"}},
    {"while_statement", K_BRANCH, {0}},
    {"for_statement", K_BRANCH, {0}},
    {"case_statement", K_BRANCH, {0}},
    {"function_definition", K_FUNC, {0, "declarator", "body"}},
    {"parameter_declaration", K_PARAM, {"declarator", 0, "type"}},
    {"cast_expression", K_DOWN, {"value"}},
    {"sizeof_expression", K_SKIP, {0}},
    {"return_statement", K_EXIT, {0}},
    {"goto_statement", K_EXIT, {0}},
    {"continue_statement", K_EXIT, {0}},
    {"break_statement", K_EXIT, {0}},
    {"preproc_include", K_SKIP, {0}},
};

static const code_shape shell[] = {
    {"comment", K_SKIP, {0}},
    {"string", K_STRING, {0}},
    {"raw_string", K_STRING, {0}},
    {"simple_expansion", K_UNKNOWN, {0}},
    {"expansion", K_UNKNOWN, {0}},
    {"command", K_COMMAND, {0}},
    {"variable_assignment", K_ASSIGN, {"name", "value"}},
    {"variable_name", K_NAME, {0}},
};

static const code_shape terraform[] = {
    {"comment", K_SKIP, {0}},
    {"string_lit", K_STRING, {0}},
    {"quoted_template", K_STRING, {0}},
    {"variable_expr", K_UNKNOWN, {0}},
    {"attribute", K_PAIR, {0}},
    {"object_elem", K_PAIR, {"key", "val"}},
    {"function_call", K_DOWN, {0}},
    {"block", K_BLOCK, {0}},
};

static const code_shape yaml[] = {
    {"comment", K_SKIP, {0}},
    {"double_quote_scalar", K_STRING, {0}},
    {"single_quote_scalar", K_STRING, {0}},
    {"block_mapping_pair", K_PAIR, {"key", "value"}},
    {"flow_pair", K_PAIR, {"key", "value"}},
};

#define OF(get, shapes, typed) {get, shapes, sizeof shapes / sizeof *shapes, typed}
const code_grammar code_grammars[CU_CODE_LANG_COUNT] = {
    [CU_CODE_python] = OF(tree_sitter_python, python, false),
    [CU_CODE_javascript] = OF(tree_sitter_javascript, javascript, false),
    [CU_CODE_typescript] = OF(tree_sitter_typescript, javascript, false),
    [CU_CODE_tsx] = OF(tree_sitter_tsx, javascript, false),
    [CU_CODE_go] = OF(tree_sitter_go, go, true),
    [CU_CODE_java] = OF(tree_sitter_java, java, true),
    [CU_CODE_c] = OF(tree_sitter_c, c, false),
    [CU_CODE_shell] = OF(tree_sitter_bash, shell, false),
    [CU_CODE_terraform] = OF(tree_sitter_hcl, terraform, false),
    [CU_CODE_yaml] = OF(tree_sitter_yaml, yaml, false),
    [CU_CODE_sql] = {NULL, NULL, 0, false},
    [CU_CODE_dockerfile] = {NULL, NULL, 0, false},
};

cu_err code_set_tables(code_set *s, cu_code_lang l, cu_arena *a)
{
    const code_grammar *g = &code_grammars[l];
    if (!g->get)
        return CU_OK;
    s->ts = g->get();
    s->symbols = ts_language_symbol_count(s->ts);
    s->kind = cu_arena_alloc(a, s->symbols);
    s->field = cu_arena_alloc(a, s->symbols * sizeof *s->field);
    if (!s->kind || !s->field)
        return CU_NOMEM;
    for (uint32_t i = 0; i < s->symbols; i++) {
        if (ts_language_symbol_type(s->ts, (TSSymbol)i) != TSSymbolTypeRegular)
            continue;
        const char *name = ts_language_symbol_name(s->ts, (TSSymbol)i);
        for (size_t k = 0; k < g->n; k++) {
            if (strcmp(g->shapes[k].type, name) != 0)
                continue;
            s->kind[i] = (uint8_t)g->shapes[k].kind;
            for (unsigned f = 0; f < 3; f++)
                if (g->shapes[k].field[f])
                    s->field[i][f] = ts_language_field_id_for_name(s->ts, g->shapes[k].field[f], (uint32_t)strlen(g->shapes[k].field[f]));
        }
    }
    return CU_OK;
}

/* --- which language a text is */
typedef struct { const char *word; cu_code_lang lang; } word_lang;

static const word_lang words[] = {
    {"python", CU_CODE_python}, {"py", CU_CODE_python}, {"python3", CU_CODE_python}, {"pyw", CU_CODE_python}, {"pyi", CU_CODE_python},
    {"javascript", CU_CODE_javascript}, {"js", CU_CODE_javascript}, {"mjs", CU_CODE_javascript}, {"cjs", CU_CODE_javascript}, {"jsx", CU_CODE_javascript}, {"node", CU_CODE_javascript},
    {"typescript", CU_CODE_typescript}, {"ts", CU_CODE_typescript}, {"mts", CU_CODE_typescript}, {"cts", CU_CODE_typescript}, {"tsx", CU_CODE_tsx},
    {"go", CU_CODE_go}, {"golang", CU_CODE_go}, {"java", CU_CODE_java},
    {"c", CU_CODE_c}, {"h", CU_CODE_c},
    {"bash", CU_CODE_shell}, {"sh", CU_CODE_shell}, {"shell", CU_CODE_shell}, {"zsh", CU_CODE_shell}, {"ksh", CU_CODE_shell}, {"bats", CU_CODE_shell},
    {"sql", CU_CODE_sql}, {"psql", CU_CODE_sql}, {"pgsql", CU_CODE_sql}, {"mysql", CU_CODE_sql}, {"plsql", CU_CODE_sql},
    {"dockerfile", CU_CODE_dockerfile}, {"docker", CU_CODE_dockerfile}, {"containerfile", CU_CODE_dockerfile},
    {"terraform", CU_CODE_terraform}, {"tf", CU_CODE_terraform}, {"hcl", CU_CODE_terraform}, {"tfvars", CU_CODE_terraform},
    {"yaml", CU_CODE_yaml}, {"yml", CU_CODE_yaml},
};

static cu_code_lang of_word(cu_bytes w)
{
    char lower[16];
    if (w.n == 0 || w.n >= sizeof lower)
        return CU_CODE_LANG_COUNT;
    for (size_t i = 0; i < w.n; i++)
        lower[i] = (char)(w.p[i] >= 'A' && w.p[i] <= 'Z' ? w.p[i] + 32 : w.p[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (cu_eq_str(cu_bytes_of(lower, w.n), words[i].word))
            return words[i].lang;
    return CU_CODE_LANG_COUNT;
}

static cu_code_lang of_first_line(cu_bytes t)
{
    const uint8_t *nl = t.n ? memchr(t.p, '\n', t.n < 200 ? t.n : 200) : NULL;
    cu_bytes line = cu_slice(t, 0, nl ? (size_t)(nl - t.p) : 0);
    if (!cu_starts(line, CU_LIT("#!")))
        return CU_CODE_LANG_COUNT;
    if (cu_find(line, CU_LIT("python"), 0) != SIZE_MAX)
        return CU_CODE_python;
    if (cu_find(line, CU_LIT("node"), 0) != SIZE_MAX || cu_find(line, CU_LIT("deno"), 0) != SIZE_MAX || cu_find(line, CU_LIT("bun"), 0) != SIZE_MAX)
        return CU_CODE_javascript;
    return cu_find(line, CU_LIT("sh"), 0) != SIZE_MAX ? CU_CODE_shell : CU_CODE_LANG_COUNT;
}

cu_code_lang cu_code_lang_of(cu_bytes info, cu_bytes path, cu_bytes text)
{
    size_t end = 0, base = path.n;
    while (end < info.n && info.p[end] > ' ' && info.p[end] != '{' && info.p[end] != ',' && info.p[end] != ':')
        end++;
    cu_code_lang l = of_word(cu_slice(info, 0, end));
    if (l != CU_CODE_LANG_COUNT)
        return l;
    while (base && path.p[base - 1] != '/')
        base--;
    cu_bytes name = cu_slice(path, base, path.n);
    size_t dot = name.n;
    while (dot && name.p[dot - 1] != '.')
        dot--;
    l = dot ? of_word(cu_slice(name, dot, name.n)) : CU_CODE_LANG_COUNT;
    if (l == CU_CODE_LANG_COUNT && (cu_starts(name, CU_LIT("Dockerfile")) || cu_starts(name, CU_LIT("Containerfile"))))
        l = CU_CODE_dockerfile;
    return l != CU_CODE_LANG_COUNT ? l : of_first_line(text);
}
