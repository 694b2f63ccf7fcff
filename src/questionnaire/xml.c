/* XML through expat, by the bytes of its tags, so that a change can be spliced in and all else stays. */
#include <expat.h>
#include <stdio.h>
#include <string.h>
#include "container.h"

static void stop(xml *x, cu_err e)
{
    if (e == CU_OK || x->err != CU_OK)
        return;
    x->err = e;
    XML_StopParser(x->parser, XML_FALSE);
}

/* The name without its prefix, which is kept in x. */
static const char *local(xml *x, const char *name)
{
    const char *colon = strrchr(name, ':');
    size_t n = colon ? (size_t)(colon - name) + 1 : 0;
    x->prefix = "";
    if (n && n < sizeof x->held) {
        memcpy(x->held, name, n);
        x->held[n] = 0;
        x->prefix = x->held;
    }
    return name + n;
}

static void locate(xml *x)
{
    XML_Index at = XML_GetCurrentByteIndex(x->parser);
    x->at = at > 0 ? (size_t)at : 0;
    x->tag_n = (size_t)XML_GetCurrentByteCount(x->parser);
}

static void XMLCALL begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    xml *x = arg;
    if (x->err != CU_OK)
        return;
    if (x->depth++ == CU_QFILE_DEPTH) {
        stop(x, cu_fail(x->f, CU_DEPTH, "elements of the file are nested more than %u deep", CU_QFILE_DEPTH));
        return;
    }
    locate(x);
    stop(x, x->start(x, local(x, name), attributes));
}

static void XMLCALL finish(void *arg, const XML_Char *name)
{
    xml *x = arg;
    if (x->err != CU_OK)
        return;
    x->depth--;
    locate(x);
    stop(x, x->end(x, local(x, name)));
}

static void XMLCALL piece(void *arg, const XML_Char *p, int n)
{
    xml *x = arg;
    if (x->err == CU_OK && x->text)
        stop(x, x->text(x, cu_bytes_of(p, (size_t)n)));
}

static void XMLCALL doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
    xml *x = arg;
    stop(x, cu_fail(x->f, CU_DENIED, "the file declares a document type, which could name entities or other files; save it again with a current program"));
}

cu_err xml_read(xml *x, cu_bytes text, const char *what)
{
    XML_Parser p = XML_ParserCreate("UTF-8");
    if (!p)
        return CU_NOMEM;
    x->parser = p;
    x->depth = 0;
    x->err = CU_OK;
    XML_SetUserData(p, x);
    XML_SetElementHandler(p, begin, finish);
    XML_SetCharacterDataHandler(p, piece);
    XML_SetStartDoctypeDeclHandler(p, doctype);
    enum XML_Status ok = XML_Parse(p, (const char *)text.p, (int)text.n, 1);
    cu_err e = x->err;
    if (e == CU_OK && ok != XML_STATUS_OK)
        e = cu_fail(x->f, CU_SYNTAX, "%s is not well formed at line %lu: %s", what, XML_GetCurrentLineNumber(p), XML_ErrorString(XML_GetErrorCode(p)));
    XML_ParserFree(p);
    x->parser = NULL;
    return e;
}

const char *xml_attribute(const char **attributes, const char *name)
{
    for (; attributes && attributes[0]; attributes += 2) {
        const char *colon = strrchr(attributes[0], ':');
        if (strcmp(colon ? colon + 1 : attributes[0], name) == 0)
            return attributes[1];
    }
    return NULL;
}

void xml_escape(cu_buf *b, cu_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c == '&')
            cu_buf_str(b, "&amp;");
        else if (c == '<')
            cu_buf_str(b, "&lt;");
        else if (c == '>')
            cu_buf_str(b, "&gt;");
        else if (c == '"')
            cu_buf_str(b, "&quot;");
        else if (c < 0x20 && c != '\n' && c != '\t')
            cu_buf_str(b, "\xef\xbf\xbd");
        else
            cu_buf_byte(b, c);
    }
}
